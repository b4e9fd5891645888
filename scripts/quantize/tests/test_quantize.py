# SPDX-License-Identifier: Apache-2.0
"""Quantizers, observers, search and export."""
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from heddle_quantize.base.errors import BadInput
from heddle_quantize.export.exporter import ExportOptions, export
from heddle_quantize.formats.uniform import dequantize, fixed_point, quantize
from heddle_quantize.graph import executor
from heddle_quantize.graph.graph import Graph
from heddle_quantize.quantize.calibrate import calibrate, range_of
from heddle_quantize.quantize.fake_arrays import FakeArrays
from heddle_quantize.quantize.integer_arrays import IntegerArrays
from heddle_quantize.quantize.plan import build_plan, uniform_profile
from heddle_quantize.quantize.tensor_params import Options, tensor_params
from heddle_quantize.search.evaluation_log import EvaluationLog
from heddle_quantize.search.find_profile import find_profile
from heddle_quantize.search.prefix_runner import PrefixRunner
from heddle_quantize.search.task import Labelled, Task
from heddle_quantize.search.width_search import Knob, Search, SearchResult, Vector
from heddle_quantize.trace import storage
from heddle_quantize.trace.check_trace import check_trace
from heddle_quantize.trace.recompute import recompute


def test_fixed_point_rounds_half_to_even_and_saturates() -> None:
    q = fixed_point(4, True, 1, 8)  # one integer bit, two fraction bits
    x = torch.tensor([0.125, 0.375, -0.125, -0.375, 5.0, -5.0, 1.7])
    assert quantize(x, q).tolist() == [0, 2, 0, -2, 7, -8, 7]
    assert dequantize(torch.tensor([7.0, -8.0]), q).tolist() == [1.75, -2.0]
    assert q.lsb_exp == -2


@pytest.mark.parametrize(
    "peak, signed, expected", [(0.9, False, 0), (1.0, False, 1), (0.2, True, -2), (7.9, True, 3), (8.0, True, 4)]
)
def test_integer_bits_may_be_negative(peak: float, signed: bool, expected: int) -> None:
    r = range_of(np.array([-peak if signed else 0.0, peak]))
    assert r.int_bits == expected and r.signed is signed


@pytest.mark.parametrize("observer", ["minmax", "percentile", "mse"])
def test_observers_trade_range_for_resolution(observer: str) -> None:
    values = np.concatenate([np.random.default_rng(0).standard_normal(20000), [60.0]])
    q = tensor_params(range_of(values), 4, Options("symmetric", 8, observer, 99.9), False)
    x = torch.from_numpy(values)
    error = float(((dequantize(quantize(x, q), q) - x)[:-1] ** 2).mean())
    assert (error > 0.5) if observer == "minmax" else (error < 0.2)


def test_per_channel_scales_beat_one(small_graph: Graph, images: np.ndarray) -> None:
    graph = small_graph
    for node in graph.array_nodes():
        shape = (-1,) + (1,) * (node.params["weight"].ndim - 1)
        node.params["weight"] = node.params["weight"] * np.logspace(-2, 0, node.params["weight"].shape[0]).reshape(
            shape
        )
    feeds = {next(iter(graph.inputs)): images}
    ranges, expected = calibrate(graph, feeds), executor.output(graph, feeds)
    errors = {}
    for per_channel in (False, True):
        plan = build_plan(
            graph, ranges, uniform_profile(graph, 12, 5), Options("symmetric", 16, per_channel=per_channel)
        )
        got = executor.output(graph, feeds, IntegerArrays(plan))
        errors[per_channel] = np.abs(got - expected).mean()
    assert errors[True] < 0.7 * errors[False]


def _search(tmp: Path | None, needs: dict[str, int], target: float = 1.0) -> SearchResult:
    """Accuracy falls by 0.2 for every bit a tensor is short of what it needs."""
    knobs = [Knob((name, "a"), work=i + 1) for i, name in enumerate(needs)]

    def evaluate(bits: Vector) -> float:
        return 1.0 - sum(0.2 * max(0, need - bits[n, "a"]) for n, need in needs.items())

    return Search(knobs, evaluate, target, EvaluationLog(tmp, "test")).run()


def test_search_finds_the_narrowest_vector() -> None:
    needs = {"x": 5, "y": 9, "z": 2}
    assert {k[0]: v for k, v in _search(None, needs).bits.items()} == needs


def test_search_stops_early_with_a_vector_that_holds() -> None:
    needs = {"x": 5, "y": 9, "z": 2, "v": 7}
    knobs = [Knob((name, "a"), work=i) for i, name in enumerate(needs)]

    def evaluate(bits: Vector) -> float:
        return 1.0 - sum(0.04 * max(0, need - bits[n, "a"]) for n, need in needs.items())

    whole, cut = (Search(knobs, evaluate, 0.8, EvaluationLog(None, "t"), limit=limit) for limit in (None, 22))
    bits = [s.run().bits for s in (whole, cut)]
    assert evaluate(bits[0]) >= 0.8 and evaluate(bits[1]) >= 0.8
    assert len(cut.asked) <= 22 < len(whole.asked)
    assert sum(bits[0].values()) < sum(bits[1].values())


def test_search_spends_the_slack_on_the_most_work() -> None:
    bits = _search(None, {"x": 5, "y": 9}, 0.8).bits
    assert bits["y", "a"] == 8 and bits["x", "a"] == 5  # y has more work: its bit saves more


def test_search_resumes_and_refuses_anothers_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    first = _search(log, {"x": 5, "y": 9})
    assert first.evaluations > 5
    lines = log.read_text().splitlines(True)
    log.write_text("".join(lines[:6]) + lines[6][:9])  # stopped in the middle of a line
    resumed = _search(log, {"x": 5, "y": 9})
    assert resumed.bits == first.bits and resumed.evaluations == first.evaluations - 5
    log.write_text('{"search": "other"}\n')
    with pytest.raises(BadInput, match="another search"):
        _search(log, {"x": 5})


def test_search_says_when_full_width_is_not_enough() -> None:
    with pytest.raises(BadInput, match="full width"):
        _search(None, {"x": 18})


@pytest.mark.parametrize("criterion", ["accuracy", "kept"])
def test_found_profile_keeps_the_accuracy(small_graph: Graph, criterion: str) -> None:
    name = next(iter(small_graph.inputs))
    x = np.random.default_rng(1).standard_normal((120, 3, 9, 9)).astype(np.float32)
    labels = executor.output(small_graph, {name: x}).argmax(1)
    labels[::7] = 0  # the float network is not always right
    task = Task(small_graph, calibrate(small_graph, {name: x}), Options("fixed", 16), "top1", criterion=criterion)
    data = Labelled({name: x}, labels)
    found, report = find_profile(task, data, 0.95)
    reference, got = task.score(data, None, False), task.score(data, found, True)
    assert got / reference >= 0.95 and report["relative_on_search_samples"] >= 0.95
    assert sum(a + w for a, w in found.values()) < 4 * 16  # of 4 layers, 2 x 16 bits each


@pytest.mark.parametrize("scheme, per_channel", [("fixed", False), ("asymmetric", True)])
def test_exported_traces_hold(
    small_graph: Graph, images: np.ndarray, tmp_path: Path, scheme: str, per_channel: bool
) -> None:
    name = next(iter(small_graph.inputs))
    ranges = calibrate(small_graph, {name: images})
    plan = build_plan(
        small_graph, ranges, uniform_profile(small_graph, 7, 5), Options(scheme, 8, per_channel=per_channel)
    )
    samples = [{name: images[k : k + 1]} for k in range(2)]
    trace = export(small_graph, plan, samples, ExportOptions(expect_limit=200))
    storage.write(trace, tmp_path / "t.trace")
    storage.write(trace, tmp_path / "u.trace")
    files = [storage.read_files(tmp_path / f"{name}.trace") for name in "tu"]
    assert files[0] == files[1]
    back = check_trace(tmp_path / "t.trace")
    checks = recompute(back)
    assert not [c for c in checks if c.wrong] and sum(c.checked for c in checks) > 1000
    ids = [layer["id"] for layer in back.manifest["layers"]]
    assert ids == ["conv1", "conv2", "conv3", "add", "mean", "fc"]
    assert back.manifest["layers"][0]["post"] == ["relu"]
    pads = {la["id"]: la["operands"][0]["rep"]["pad_code"] for la in back.manifest["layers"][:2]}
    assert (pads["conv1"] != 0) is (scheme == "asymmetric")


def test_shared_beginnings_change_nothing(small_graph: Graph) -> None:
    """Any walk through settings gives what fresh runs give, with fewer nodes run."""
    name = next(iter(small_graph.inputs))
    x = np.random.default_rng(2).standard_normal((9, 3, 9, 9)).astype(np.float32)
    ranges = calibrate(small_graph, {name: x})
    runner = PrefixRunner(small_graph, {name: x}, 4)
    settings = uniform_profile(small_graph, 8, 8)
    rng = np.random.default_rng(3)
    ids = list(settings)
    for _ in range(30):
        settings = {**settings, ids[rng.integers(len(ids))]: (int(rng.integers(2, 9)), 5)}
        array = FakeArrays(build_plan(small_graph, ranges, settings, Options()))
        fresh = executor.output(small_graph, {name: x}, array, torch.float32, 4)
        assert np.array_equal(runner.output(settings, array), fresh)
    assert runner.nodes_run < 30 * len(small_graph.nodes) * 0.8
