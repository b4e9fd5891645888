# SPDX-License-Identifier: Apache-2.0
"""The integer executor against plain 64-bit arithmetic and against the float network."""
from __future__ import annotations

import numpy as np
import pytest
import torch
from heddle_quantize.base.errors import BadInput
from heddle_quantize.formats.uniform import QParams
from heddle_quantize.formats.widths import bits_needed, group_widths
from heddle_quantize.graph import executor
from heddle_quantize.graph.graph import Graph, Node
from heddle_quantize.quantize.calibrate import calibrate
from heddle_quantize.quantize.exact import exact_conv, exact_linear
from heddle_quantize.quantize.fake_arrays import FakeArrays
from heddle_quantize.quantize.integer_arrays import IntegerArrays, LayerRun
from heddle_quantize.quantize.plan import LayerQuant, Plan, build_plan, uniform_profile
from heddle_quantize.quantize.tensor_params import Options


def _direct(x: np.ndarray, w: np.ndarray, stride: int, dilation: int, groups: int) -> np.ndarray:
    """Convolution by definition, in int64."""
    n, c, h, width = x.shape
    k, per, r, s = w.shape
    oh = (h - dilation * (r - 1) - 1) // stride + 1
    ow = (width - dilation * (s - 1) - 1) // stride + 1
    out = np.zeros((n, k, oh, ow), np.int64)
    for f in range(k):
        base = f // (k // groups) * per
        for i in range(per):
            for y in range(r):
                for z in range(s):
                    part = x[:, base + i, y * dilation :, z * dilation :]
                    out[:, f] += (
                        w[f, i, y, z] * part[:, : (oh - 1) * stride + 1 : stride, : (ow - 1) * stride + 1 : stride]
                    )
    return out


@pytest.mark.parametrize("a_bits, w_bits", [(2, 2), (8, 8), (8, 16), (16, 8), (16, 16)])
@pytest.mark.parametrize("stride, dilation, groups", [(1, 1, 1), (2, 1, 2), (1, 2, 6)])
def test_convolution_is_exact(a_bits: int, w_bits: int, stride: int, dilation: int, groups: int) -> None:
    rng = np.random.default_rng(a_bits * 100 + w_bits)
    x = rng.integers(-1 << (a_bits - 1), 1 << (a_bits - 1), (2, 6, 12, 11))
    w = rng.integers(-1 << (w_bits - 1), 1 << (w_bits - 1), (12, 6 // groups, 3, 3))
    x[0], w[0] = (-1 << (a_bits - 1)), (-1 << (w_bits - 1))  # the largest sums there are
    got = exact_conv(torch.from_numpy(x).double(), torch.from_numpy(w).double(), [stride] * 2, [dilation] * 2, groups)
    assert np.array_equal(got.numpy(), _direct(x, w, stride, dilation, groups))


@pytest.mark.parametrize("bits", [4, 8, 16])
def test_large_reductions_are_exact(bits: int) -> None:
    rng = np.random.default_rng(bits)
    x = rng.integers(0, 1 << bits, (5, 3000))
    w = rng.integers(-1 << (bits - 1), 1 << (bits - 1), (9, 3000))
    got = exact_linear(torch.from_numpy(x).double(), torch.from_numpy(w).double())
    assert np.array_equal(got.numpy(), x @ w.T)


def test_overflow_is_refused() -> None:
    big = torch.full((1, 1, 1, 1), 2.0**30, dtype=torch.float64)
    with pytest.raises(BadInput, match="2\\^53"):
        exact_conv(big, big, [1, 1], [1, 1], 1)


@pytest.mark.parametrize(
    "scheme, per_channel", [("fixed", False), ("symmetric", True), ("symmetric", False), ("asymmetric", True)]
)
def test_integer_network_follows_the_float_one(
    small_graph: Graph, images: np.ndarray, scheme: str, per_channel: bool
) -> None:
    options = Options(scheme, 16, per_channel=per_channel)
    feeds = {next(iter(small_graph.inputs)): images}
    ranges = calibrate(small_graph, feeds)
    expected = executor.output(small_graph, feeds)
    errors = []
    for bits in (6, 10, 14):
        profile = uniform_profile(small_graph, bits, bits)
        plan = build_plan(small_graph, ranges, profile, options)
        exact = executor.output(small_graph, feeds, IntegerArrays(plan))
        fake = executor.output(small_graph, feeds, FakeArrays(plan), torch.float64)
        assert np.abs(exact - fake).max() < 1e-9 * max(1.0, np.abs(exact).max())
        errors.append(float(np.abs(exact - expected).max()))
    assert errors[0] > 4 * errors[1] > 16 * errors[2]
    assert errors[2] < 2e-3 * np.abs(expected).max()


def test_power_of_two_network_is_integer_shifts(small_graph: Graph, images: np.ndarray) -> None:
    """Between layers there is nothing but shifts: redone here with numpy integers alone."""
    name = next(iter(small_graph.inputs))
    ranges = calibrate(small_graph, {name: images})
    profile = uniform_profile(small_graph, 7, 6)
    plan = build_plan(small_graph, ranges, profile, Options("fixed", 8))
    record: dict[str, LayerRun] = {}
    executor.run(small_graph, {name: images}, IntegerArrays(plan, record))
    first, second = record["conv1"], record["conv2"]
    left = plan.layers["conv1"]
    acc = np.maximum(first.acc.numpy().astype(np.int64), 0)
    shift = plan.layers["conv2"].act.lsb_exp - left.act.lsb_exp - left.weight.lsb_exp
    assert shift > 0
    floor, rest = acc >> shift, acc & ((1 << shift) - 1)
    half = 1 << (shift - 1)
    rounded = floor + ((rest > half) | ((rest == half) & (floor & 1 == 1)))
    low, high = plan.layers["conv2"].act.range()
    assert np.array_equal(np.clip(rounded, low, high), second.act.numpy().astype(np.int64))


def test_zero_points_of_both_operands() -> None:
    """Raw codes, corrections and padding give exactly the centred product."""
    rng = np.random.default_rng(0)
    x, w = rng.integers(-100, 100, (1, 4, 5, 5)), rng.integers(-90, 120, (3, 4, 3, 3))
    bias = rng.integers(-500, 500, 3)
    node = Node(
        "c",
        "conv2d",
        ["x"],
        {"stride": [1, 1], "pads": [1, 0, 2, 1], "dilation": [1, 1], "groups": 1},
        {"weight": w.astype(float), "bias": bias.astype(float)},
    )
    graph = Graph("g", {"x": (4, 5, 5)}, ["c"], [node])
    one = np.array(1.0)
    plan = Plan({"c": LayerQuant(QParams(8, False, one, 110, container=8), QParams(8, False, one, 97, container=8))})
    record: dict[str, LayerRun] = {}
    out = executor.run(graph, {"x": x.astype(float)}, IntegerArrays(plan, record))["c"].numpy()
    padded = np.pad(x, ((0, 0), (0, 0), (1, 2), (0, 1)))
    assert np.array_equal(out, _direct(padded, w, 1, 1, 1) + bias[None, :, None, None])
    raw = np.pad(x + 110, ((0, 0), (0, 0), (1, 2), (0, 1)), constant_values=110)
    stated = bias - 110 * (w + 97).sum((1, 2, 3))
    assert np.array_equal(record["c"].acc.numpy(), _direct(raw, w + 97, 1, 1, 1) + stated[None, :, None, None])


def test_asymmetric_matrix_product() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.uniform(-1, 3, (2, 3, 5, 8)), rng.uniform(-2, 1, (2, 3, 8, 4))
    graph = Graph("g", {"a": (3, 5, 8), "b": (3, 8, 4)}, ["m"], [Node("m", "matmul", ["a", "b"])])
    ranges = calibrate(graph, {"a": a, "b": b})
    plan = build_plan(graph, ranges, {"m": (12, 12)}, Options("asymmetric"))
    assert plan.layers["m"].act.zero_point and plan.layers["m"].weight.zero_point
    out = executor.run(graph, {"a": a, "b": b}, IntegerArrays(plan))["m"].numpy()
    assert np.abs(out - a @ b).max() < 0.02


def test_widths() -> None:
    assert [
        bits_needed(low, high, True) for low, high in ((0, 0), (-1, 0), (-1, 1), (-2, 1), (-128, 127), (-129, 0))
    ] == [1, 1, 2, 2, 8, 9]
    assert [bits_needed(0, h, False) for h in (0, 1, 2, 255, 256)] == [1, 1, 2, 8, 9]
    weights = np.zeros((1, 33, 1, 2), np.int64)
    weights[0, 15, 0, 0], weights[0, 16, 0, 0], weights[0, 32, 0, 1] = -4, 4, 1
    got = group_widths(weights, True)
    assert got.shape == (1, 1, 2, 3)
    assert got.tolist() == [[[[3, 4, 1], [1, 1, 2]]]]
