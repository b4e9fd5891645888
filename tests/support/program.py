# SPDX-License-Identifier: Apache-2.0
"""What the Python tests of the program share: the configurations, and the identities of every result."""
from __future__ import annotations

import json
import pathlib

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
ACCELERATORS = ROOT / "configs" / "accelerators"

# One configuration per design and kind of element. Bit-true samples of large networks run on these.
REPRESENTATIVES = [
    "dadn",
    "stripes",
    "dynamic_stripes",
    "loom_1b_group",
    "tartan",
    "dprs",
    "pragmatic_2b_1r",
    "tcle",
    "tclp",
    "laconic_128",
]


def configurations() -> list[str]:
    return sorted(p.stem for p in ACCELERATORS.glob("*.json"))


def model_of(name: str) -> str:
    file = ACCELERATORS / f"{name}.json"
    content = json.loads(file.read_text())
    while "model" not in content:
        content = json.loads((file.parent / content["extends"]).read_text())
    return content["model"]


def check_identities(result: dict) -> None:
    """Cycles, lane-cycles, bytes and totals add up."""
    lanes = result["array"]["lanes"]
    by_sample = [layer for sample in result["samples"] for layer in sample["layers"]]
    for row in [result["totals"], *result["layers"], *by_sample]:
        assert row["cycles"] == row["compute_cycles"] + sum(row["stall_cycles"].values())
        assert sum(row["lane_cycles"].values()) == row["compute_cycles"] * lanes
        assert sum(v for k, v in row["off_chip_bytes"].items() if k != "total") == row["off_chip_bytes"]["total"]
    for key in ("cycles", "macs"):
        assert result["totals"][key] == sum(x[key] for x in result["layers"])
        assert result["totals"][key] == sum(x[key] for x in by_sample)
    assert result["totals"]["cycles"] > 0


def check_proof(result: dict) -> None:
    """The bit-true run computed something of every layer and sample."""
    rows = result["verification"]["layers"]
    expected = {(s, x["name"]) for s, sample in enumerate(result["samples"]) for x in sample["layers"]}
    assert {(r["sample"], r["layer"]) for r in rows} == expected
    assert len(rows) == len(expected)
    assert all(r["outputs"] > 0 and r["cycles"] > 0 for r in rows)
    assert result["verification"]["outputs"] == sum(r["outputs"] for r in rows)
