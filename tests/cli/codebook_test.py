# SPDX-License-Identifier: Apache-2.0
"""Codebooks: the front end writes and reads what the program reads. Codes are indices; `signed` refers to
the integers in the table."""
import json
import sys

import numpy as np
import pytest
from conftest import DIGITS, ROOT
from program import check_proof

sys.path.insert(0, str(ROOT / "scripts" / "quantize"))
from heddle_quantize.base.errors import BadInput  # noqa: E402
from heddle_quantize.trace import layer_statistics, storage  # noqa: E402
from heddle_quantize.trace.check_trace import check_trace  # noqa: E402
from heddle_quantize.trace.layer_shapes import layer_operand  # noqa: E402
from heddle_quantize.trace.recompute import recompute  # noqa: E402

# Not in order, and with an entry that no code uses: only the indices count.
SHUFFLE_SEED = 5


def with_codebooks(path, change=None):
    """A copy of the digits trace whose conv2 has codebooks for weights and activations."""
    trace = storage.read(DIGITS)
    trace.manifest.pop("files")
    layer = next(x for x in trace.manifest["layers"] if x["id"] == "conv2")
    rng = np.random.default_rng(SHUFFLE_SEED)
    for role in ("activation", "weight"):
        operand = layer_operand(layer, role)
        names = operand.get("files", [operand.get("file")])
        values = np.unique(np.concatenate([trace.arrays[n].reshape(-1) for n in names]))
        table = rng.permutation(np.append(values, values.max() + 1)).astype("<i2")
        index = {int(v): i for i, v in enumerate(table)}
        for name in names:
            codes = np.vectorize(index.__getitem__)(trace.arrays[name])
            trace.arrays[name] = codes.astype("|u1")
        operand["rep"].update(kind="codebook", bits=8, table_file=trace.add(f"tensors/conv2.{role}.table.npy", table))
    if change:
        change(trace, layer)
    storage.write(trace, path)
    return path


def test_codes_stand_for_the_integers_of_the_codebook(heddle, tmp_path):
    path = with_codebooks(tmp_path / "c.trace")
    assert heddle("trace", "validate", path)[0] == 0
    assert not [c for c in recompute(check_trace(path)) if c.wrong]
    for config in ("dadn", "laconic_128", "tcle"):
        original, coded = (
            json.loads(
                heddle(
                    "run", config, "--trace", t, "--fidelity", "bit-true", "--verify-fraction", "0.01", "--json", "-q"
                )[1]
            )
            for t in (DIGITS, path)
        )
        check_proof(coded)
        assert coded["layers"] == original["layers"]


def first_code(role, code):
    def change(trace, layer):
        operand = layer_operand(layer, role)
        trace.arrays[operand.get("file") or operand["files"][0]].reshape(-1)[0] = code
        layer.pop("stats")
        trace.documents.pop("stats/conv2.json")

    return change


def sign(role, signed):
    return lambda _, layer: layer_operand(layer, role)["rep"].update(signed=signed)


def pad(code):
    return lambda _, layer: layer_operand(layer, "activation")["rep"].update(pad_code=code)


def few_bits(trace, layer):
    layer_operand(layer, "weight")["rep"].update(bits=1)


@pytest.mark.parametrize(
    "change, words",
    [
        (first_code("weight", 200), ["code 200"]),
        (first_code("activation", 255), ["code 255"]),
        (sign("weight", False), ["conv2"]),
        (few_bits, ["0 to 1"]),
    ],
)
def test_both_readers_refuse_the_same_codebooks(heddle, tmp_path, change, words):
    path = with_codebooks(tmp_path / "c.trace", change)
    code, _, stderr = heddle("trace", "validate", path)
    assert code == 2
    assert all(w in stderr for w in words), stderr
    with pytest.raises(BadInput) as caught:
        check_trace(path)
    assert all(w in str(caught.value) for w in words)


def test_padding_of_a_codebook_is_an_integer_within_the_precision(heddle, tmp_path):
    path = with_codebooks(tmp_path / "c.trace", pad(-1))
    code, _, stderr = heddle("trace", "validate", path)
    assert code == 2 and "pad_code -1" in stderr and "/layers/" in stderr
    with pytest.raises(BadInput, match="pad_code"):
        check_trace(path)


def test_statistics_are_of_decoded_integers(tmp_path):
    trace = check_trace(with_codebooks(tmp_path / "c.trace"))
    layer = next(x for x in trace.manifest["layers"] if x["id"] == "conv2")
    original = storage.read(DIGITS)
    assert layer_statistics.layer_statistics(trace, layer) == original.documents["stats/conv2.json"]
