# SPDX-License-Identifier: Apache-2.0
"""Statistics files against counts by hand, and what the checks say about wrong ones."""
from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from conftest import REPOSITORY
from heddle_quantize.base.errors import BadInput
from heddle_quantize.trace import layer_statistics, storage
from heddle_quantize.trace.bit_counts import booth_digits, naf_terms, trimmed_spans
from heddle_quantize.trace.check_trace import check_trace
from heddle_quantize.trace.layer_statistics import tensor_statistics
from heddle_quantize.trace.reduce import reduce_to

DIGITS = REPOSITORY / "traces" / "digits-8b.trace"


def test_counts_of_a_small_tensor() -> None:
    # two positions of five channels
    found = tensor_statistics(np.array([[0, 0, 5, -3, 0], [7, 0, 0, 0, -8]]), True)
    assert (found["values"], found["zeros"], found["min"], found["max"]) == (10, 6, -8, 7)
    assert found["codes"] == {"lowest": -8, "counts": [1, 0, 0, 0, 0, 1, 0, 0, 6, 0, 0, 0, 0, 1, 0, 1]}
    assert found["bit_length"] == [6, 0, 1, 2, 1]
    assert found["set_bits"] == [6, 1, 2, 1]
    assert found["naf_terms"] == [6, 1, 3]  # 5 = 4+1, 3 = 4-1, 7 = 8-1, 8
    assert found["booth4_digits"] == [6, 0, 4]  # 5 = 4+1, 3 = 4-1, 7 = 8-1, 8 = 16-8
    assert found["trimmed_span"] == [6, 1, 1, 2]
    assert found["group_bit_length"]["1"] == found["bit_length"]
    assert found["group_bit_length"]["4"] == [1, 0, 0, 2, 1]
    assert found["group_bit_length"]["16"] == [0, 0, 0, 1, 1]
    assert found["zero_run_bit_length"] == [0, 1, 2]  # runs of 2, 1 and 3
    assert found["channel_zeros"] == [1, 2, 1, 1, 1]
    assert found["window_bit_length"] == [0, 0, 0, 0, 1]


def test_wide_tensors_are_bucketed() -> None:
    codes = tensor_statistics(np.array([[-300, 0, 300, 1]]), False)["codes"]
    assert codes == {"negative_by_bit_length": [0] * 9 + [1], "not_negative_by_bit_length": [1, 1] + [0] * 7 + [1]}


def test_term_counts_follow_their_definitions() -> None:
    every = np.arange(1 << 12)
    naf, booth, span = naf_terms(every), booth_digits(every), trimmed_spans(every)
    for x in range(0, 1 << 12, 7):
        rest, terms = x, 0
        while rest:  # non-adjacent form from the lowest bit
            if rest & 1:
                terms += 1
                rest -= 2 - (rest & 3)
            rest >>= 1
        assert naf[x] == terms
        padded = f"00{x:b}0" if len(f"{x:b}") % 2 == 0 else f"0{x:b}0"
        triples = [padded[i : i + 3] for i in range(0, len(padded) - 2, 2)]
        assert booth[x] == sum(t not in ("000", "111") for t in triples)
        assert span[x] == len(f"{x:b}".rstrip("0"))


def test_every_array_layer_of_a_shipped_trace_has_one() -> None:
    trace = check_trace(DIGITS)
    for layer in trace.manifest["layers"]:
        if layer["op"] in ("conv2d", "linear"):
            stated = trace.documents[layer["stats"]]
            assert stated["activation"]["values"] == 4 * np.prod(trace.arrays[layer["operands"][0]["files"][0]].shape)


def test_statistics_alone_and_wrong_statistics(tmp_path: Path) -> None:
    trace = check_trace(DIGITS)
    trace.manifest.pop("files")
    storage.write(reduce_to(trace, "statistics"), tmp_path / "s.trace")
    alone = check_trace(tmp_path / "s.trace")
    assert not alone.arrays and alone.documents == trace.documents
    assert alone.manifest["redacted"] and alone.manifest["samples"] == 0
    storage.write(reduce_to(trace, "weights"), tmp_path / "w.trace")
    weights = check_trace(tmp_path / "w.trace")
    assert all("weight" in d and "activation" not in d for d in weights.documents.values())
    assert len(weights.documents) == len(trace.documents)
    trace.documents["stats/conv2.json"]["weight"]["zeros"] += 1
    storage.write(trace, tmp_path / "x.trace")
    with pytest.raises(BadInput, match="stats/conv2.json"):
        check_trace(tmp_path / "x.trace")


def test_a_statistics_file_that_no_layer_names(tmp_path: Path) -> None:
    shutil.copytree(DIGITS, tmp_path / "c.trace")
    trace = storage.read(tmp_path / "c.trace")
    trace.manifest.pop("files")
    trace.manifest["layers"][0].pop("stats")
    storage.write(trace, tmp_path / "d.trace")
    with pytest.raises(BadInput, match="no layer that uses it"):
        check_trace(tmp_path / "d.trace")
    assert layer_statistics.attach(trace).manifest["layers"][0]["stats"] == "stats/conv1.json"


@pytest.mark.parametrize("high", [7, 90, 4000])
def test_statistics_of_parts_add_up(high: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights are counted some filters at a time; the filters of a part are chosen by chance."""
    rng = np.random.default_rng(high)
    codes = rng.integers(-high, high + 1, (23, 37, 3, 2)) * (rng.random((23, 37, 3, 2)) < 0.4)
    whole = tensor_statistics(np.moveaxis(codes, 1, -1).reshape(-1, 37), False)
    for part in (1, 500, 37 * 6 * 4, 1 << 22):
        monkeypatch.setattr(layer_statistics, "PART_VALUES", part)
        assert layer_statistics._weight_statistics(codes, {"kind": "int"}, {}, "w") == whole
