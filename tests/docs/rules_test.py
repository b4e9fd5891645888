# SPDX-License-Identifier: Apache-2.0
"""The layers that docs/rules.md and docs/rules/ work out by hand take what the pages say."""
import hashlib
import json
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
RULES = ROOT / "docs" / "rules"


def operand(role, source, axes):
    return {"role": role, "source": source, "axes": axes, "rep": {"kind": "int", "bits": 16, "signed": True}}


def convolution(channels, size, filters, kernel, a_bits, w_bits):
    out = size - kernel + 1
    shape = {"N": 1, "C": channels, "H": size, "W": size, "K": filters, "R": kernel, "S": kernel, "OH": out, "OW": out}
    return {
        "id": "layer",
        "index": 0,
        "op": "conv2d",
        "inputs": ["data"],
        "shape": shape,
        "stride": [1, 1],
        "pads": [0] * 4,
        "groups": 1,
        "operands": [operand("activation", "data", "NCHW"), operand("weight", "static", "KCRS")],
        "precision": {"a_bits": a_bits, "w_bits": w_bits},
    }


def linear(inputs, outputs, a_bits, w_bits):
    return {
        "id": "layer",
        "index": 0,
        "op": "linear",
        "inputs": ["data"],
        "shape": {"N": 1, "M": 1, "C": inputs, "K": outputs},
        "operands": [operand("activation", "data", "MC"), operand("weight", "static", "KC")],
        "precision": {"a_bits": a_bits, "w_bits": w_bits},
    }


@pytest.fixture
def run(program, tmp_path):
    """The totals of a layer, from shapes and precisions alone."""

    def of(layer, config):
        folder = tmp_path / "layer.trace"
        folder.mkdir(exist_ok=True)
        manifest = json.dumps(
            {
                "format": "heddle-trace",
                "version": [1, 0],
                "samples": 0,
                "files": {},
                "network": {"name": "one layer", "inputs": ["data"], "outputs": ["layer"]},
                "provenance": {"tool": "tests/docs/rules_test.py"},
                "layers": [layer],
            },
            sort_keys=True,
        )
        (folder / "manifest.json").write_text(manifest)
        (folder / "SHA256SUMS").write_text(f"{hashlib.sha256(manifest.encode()).hexdigest()}  manifest.json\n")
        done = subprocess.run(
            [program, "run", config, "--trace", str(folder), "--json"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)["totals"]

    return of


SMALL = convolution(40, 6, 24, 3, 5, 4)
LARGE = convolution(256, 15, 384, 3, 5, 11)
LOOMS = convolution(32, 10, 32, 3, 3, 4)
EXAMPLES = [
    ("rules.md", "dadn", SMALL, 432),
    ("rules.md", "stripes", SMALL, 135),
    ("rules.md", "loom_1b", SMALL, 540),
    ("rules/dadn.md", "dadn", LARGE, 48672),
    ("rules/stripes.md", "stripes", LARGE, 15840),
    ("rules/tartan.md", "tartan", linear(4096, 1000, 9, 9), 587),
    ("rules/loom.md", "loom_1b", LOOMS, 864),
    ("rules/loom.md", "loom_1b", linear(320, 32, 9, 5), 175),
]


@pytest.mark.parametrize("page,config,layer,cycles", EXAMPLES, ids=lambda x: x if isinstance(x, str) else None)
def test_layers_by_hand(run, page, config, layer, cycles):
    assert run(layer, config)["compute_cycles"] == cycles
    assert f"**{cycles:,}**" in (ROOT / "docs" / page).read_text()


def test_lane_cycles_by_hand(run):
    lanes = run(SMALL, "stripes")["lane_cycles"]
    page = (ROOT / "docs" / "rules.md").read_text()
    assert f"{sum(lanes.values()):,}" in page and f"{lanes['effective']:,} are effective" in page
    assert lanes["synchronisation"] == lanes["fill"] == 0


def test_columns_kept_by_hand():
    """The table of docs/rules/tactical.md, made by a scheduler that follows the rule word by word."""
    patterns = {
        "T<2,5>": [(1, 0), (2, 0), (1, -1), (2, -2), (1, 1), (2, 2), (1, -3)],
        "L<1,6>": [(1, 0)] + [(1, -d) for d in range(1, 7)],
    }
    first = {(0, 0), (1, 1), (2, 2)}
    table = [
        (first, 3, "T<2,5>", 1),
        (first, 3, "L<1,6>", 2),
        ({(0, 0), (6, 0)}, 7, "T<2,5>", 3),
        (set(), 9, "T<2,5>", 3),
        (set(), 9, "L<1,6>", 4),
    ]
    stated = re.findall(r"^\| .* \| `[TL]<\d,\d>` \| (\d+) \|$", (RULES / "tactical.md").read_text(), re.MULTILINE)
    assert [int(kept) for kept in stated] == [kept for _, _, _, kept in table]
    for weights, columns, pattern, kept in table:
        assert columns_kept(set(weights), columns, patterns[pattern]) == kept


def columns_kept(weights, columns, places):
    lookahead = max(dt for dt, _ in places)
    skipped = kept = 0
    for t in range(columns):
        if skipped < lookahead and not any(at == t for at, _ in weights):
            skipped += 1
            continue
        skipped, kept = 0, kept + 1
        while True:
            found = {}
            for lane in range(16):
                if (t, lane) not in weights:
                    sources = [(t + dt, (lane + aside) % 16) for dt, aside in places]
                    found[lane] = [s for s in sources if s in weights]
            eligible = [lane for lane in found if found[lane]]
            if not eligible:
                break
            lane = min(eligible, key=lambda i: (len(found[i]), i))
            weights.remove(found[lane][0])
            weights.add((t, lane))
    return kept


def recoded(value, encoder):
    """Terms of a magnitude as the table of docs/rules.md#term-encoders words it."""
    bit = [value >> i & 1 for i in range(20)]
    if encoder == "raw":
        return [(1, i) for i in range(20) if bit[i]]
    if encoder == "naf":
        digits = [(3 * value >> i + 1 & 1) - (value >> i + 1 & 1) for i in range(20)]
        return [(d, i) for i, d in enumerate(digits) if d]
    if encoder == "booth4":
        digits = [(bit[2 * i - 1] if i else 0) + bit[2 * i] - 2 * bit[2 * i + 1] for i in range(10)]
        return [(d, 2 * i) for i, d in enumerate(digits) if d]
    out, flag = [], False
    for i in reversed(range(20)):
        three = (bit[i], bit[i - 1] if i > 0 else 0, bit[i - 2] if i > 1 else 0)
        if not flag and three == (1, 1, 1):
            out.append((1, i + 1))
            flag = True
        elif not flag and three[0]:
            out.append((1, i))
        elif flag and three[:2] == (0, 1):
            out.append((-1, i))
        elif flag and three == (1, 0, 0):
            out.append((-1, i))
            flag = False
    return out


def test_terms_by_hand():
    for encoder, terms in (("raw", 4), ("naf", 3), ("booth4", 3), ("ioe", 3)):
        assert len(recoded(29, encoder)) == terms
        for value in range(1 << 12):
            assert sum(d * 2**e for d, e in recoded(value, encoder)) == value
    for encoder, most in (("naf", (4, 5)), ("ioe", (5, 6))):
        assert tuple(max(len(recoded(v, encoder)) for v in range(1 << bits)) for bits in (7, 8)) == most
