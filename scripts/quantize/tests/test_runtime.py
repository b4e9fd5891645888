# SPDX-License-Identifier: Apache-2.0
"""Operators that Debian's ONNX cannot test (opsets 18 to 21), and random attributes of those with many, held against
ONNX Runtime."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from heddle_quantize.base.errors import CheckFailed
from heddle_quantize.ingest.onnx.ingest_onnx import ingest_onnx
from heddle_quantize.ingest.runtime_check import check_runtime, find_library
from test_reading import Arrays, node, write

pytestmark = pytest.mark.skipif(
    find_library() is None, reason="onnxruntime-node is not installed (scripts/lib/onnxruntime.sh)"
)
GROUPS = {"g": np.array([1, 2, 3, 4.5], np.float32), "b": np.array([0, 1, 0.5, -1], np.float32)}


def ints(**values: list[int]) -> Arrays:
    return {name: np.array(v, np.int64) for name, v in values.items()}


NEWER: list[tuple[int, list[Any], Arrays]] = [
    (18, [node("Mish", ["x"], ["y"])], {}),
    (18, [node("ReduceMax", ["x", "a"], ["y"], keepdims=0)], ints(a=[-1, 1])),
    (18, [node("ReduceL2", ["x", "a"], ["y"])], ints(a=[2])),
    (18, [node("ReduceLogSumExp", ["x", "a"], ["y"], noop_with_empty_axes=1)], ints(a=[3])),
    (18, [node("Split", ["x"], ["p", "q", "r"], axis=2, num_outputs=3), node("Concat", ["r", "p"], ["y"], axis=2)], {}),
    (18, [node("Pad", ["x", "p", "", "a"], ["y"], mode="reflect")], ints(p=[1, 2, 2, 0], a=[3, 2])),
    (19, [node("Pad", ["x", "p", "", "a"], ["y"], mode="wrap")], ints(p=[1, 2, 2, 0], a=[3, 2])),
    (18, [node("Pad", ["x", "p"], ["y"], mode="edge")], ints(p=[0, 0, 1, 2, 0, 0, 2, 0])),
    (18, [node("Pad", ["x", "p"], ["y"])], ints(p=[0, 0, -1, 2, 0, 0, 2, -1])),
    (18, [node("Resize", ["x", "", "", "s"], ["y"], axes=[2, 3], mode="linear")], ints(s=[9, 3])),
    (
        18,
        [node("ScatterElements", ["x", "i", "u"], ["y"], axis=1, reduction="max")],
        {"i": np.array([[[[0, 3, 1]]]], np.int64), "u": np.array([[[[9.0, -9, 0.5]]]], np.float32)},
    ),
    (
        19,
        [
            node(
                "AveragePool",
                ["x"],
                ["y"],
                kernel_shape=[2, 3],
                dilations=[2, 1],
                pads=[1, 1, 1, 0],
                count_include_pad=1,
            )
        ],
        {},
    ),
    (19, [node("AveragePool", ["x"], ["y"], kernel_shape=[3, 2], strides=[2, 1], auto_pad="SAME_LOWER")], {}),
    (20, [node("Gelu", ["x"], ["y"])], {}),
    (20, [node("Gelu", ["x"], ["y"], approximate="tanh")], {}),
    (21, [node("GroupNormalization", ["x", "g", "b"], ["y"], num_groups=2, epsilon=1e-3)], GROUPS),
    (21, [node("Cast", ["x"], ["i"], to=7), node("Cast", ["i"], ["y"], to=1, saturate=1)], {}),
    (21, [node("Reshape", ["x", "s"], ["h"]), node("Transpose", ["h"], ["y"], perm=[0, 2, 1])], ints(s=[0, 4, -1])),
    (21, [node("Squeeze", ["x"], ["h"]), node("Sign", ["h"], ["y"])], {}),
    (17, [node("LayerNormalization", ["x", "w"], ["y"], axis=2)], {"w": np.arange(30, dtype=np.float32).reshape(5, 6)}),
    (13, [node("LpNormalization", ["x"], ["y"], axis=1, p=1)], {}),
    (13, [node("Softmax", ["x"], ["y"], axis=1)], {}),
    (11, [node("Softmax", ["x"], ["y"], axis=1)], {}),
    (12, [node("Clip", ["x", "", "h"], ["y"])], {"h": np.array(0.5, np.float32)}),
    (9, [node("Upsample", ["x", "s"], ["y"], mode="nearest")], {"s": np.array([1, 1, 2, 3], np.float32)}),
    (10, [node("Resize", ["x", "s"], ["y"], mode="nearest")], {"s": np.array([1, 1, 2, 1.5], np.float32)}),
    (11, [node("LRN", ["x"], ["y"], size=3, alpha=0.3, beta=0.6, bias=2.0)], {}),
    (13, [node("CumSum", ["x", "a"], ["y"], exclusive=1, reverse=1)], {"a": np.array(2, np.int64)}),
    (13, [node("Einsum", ["x", "w"], ["y"], equation="nchw,wk->nkch")], {"w": np.eye(6, 3, dtype=np.float32) + 1}),
    (13, [node("GatherND", ["x", "i"], ["y"], batch_dims=1)], ints(i=[[[0, 1], [3, 4]]])),
    (13, [node("Gather", ["x", "i"], ["y"], axis=2)], ints(i=[[0, -1], [2, 2]])),
    (13, [node("DepthToSpace", ["x"], ["y"], blocksize=2, mode="CRD")], {}),
]


@pytest.mark.parametrize("opset, nodes, constants", NEWER, ids=lambda v: v[-1].op_type if isinstance(v, list) else None)
def test_operators_of_many_opsets(opset: int, nodes: list[Any], constants: Arrays, tmp_path: Path) -> None:
    path = write(tmp_path, nodes, constants, (1, 4, 5, 6), opset=opset)
    print(check_runtime(ingest_onnx(path), path))


@pytest.mark.parametrize("seed", range(24))
def test_resizing(seed: int, tmp_path: Path) -> None:
    """Modes, transformations and sizes by chance."""
    rng = np.random.default_rng(seed)
    mode = ("nearest", "linear", "cubic")[seed % 3]
    attrs: dict[str, Any] = {"mode": mode}
    transforms = ["half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric"]
    attrs["coordinate_transformation_mode"] = transforms[int(rng.integers(4))]
    if mode == "nearest":
        roundings = ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"]
        attrs["nearest_mode"] = roundings[int(rng.integers(4))]
    if mode == "cubic":
        attrs["cubic_coeff_a"] = float(rng.choice([-0.5, -0.75]))
        attrs["exclude_outside"] = int(rng.integers(2))
    sizes = np.array([1, 2, *rng.integers(2, 14, 2)], np.int64)
    path = write(tmp_path, [node("Resize", ["x", "", "", "s"], ["y"], **attrs)], {"s": sizes}, (1, 2, 5, 7))
    print(attrs, sizes, check_runtime(ingest_onnx(path), path))


@pytest.mark.parametrize("seed", range(24))
def test_convolutions(seed: int, tmp_path: Path) -> None:
    """Convolutions and their transposes over one to three axes, with pads that differ in front and behind."""
    rng = np.random.default_rng(seed)
    transposed = bool(seed % 2)
    axes, groups = int(rng.integers(1, 3 if transposed else 4)), int(rng.integers(1, 3))
    kernel = rng.integers(1, 4, axes).tolist()
    shape = (2 * groups, 3, *kernel) if transposed else (3 * groups, 2, *kernel)
    attrs: dict[str, Any] = {"group": groups, "strides": rng.integers(1, 4, axes).tolist()}
    attrs["dilations"] = rng.integers(1, 3, axes).tolist()
    if rng.integers(2):
        attrs["pads"] = rng.integers(0, 2, 2 * axes).tolist()
    elif not transposed and all(d == 1 for d in attrs["dilations"]):
        attrs["auto_pad"] = ("SAME_UPPER", "SAME_LOWER")[int(rng.integers(2))]
    if transposed and rng.integers(2):
        attrs["output_padding"] = [s - 1 for s in attrs["strides"]]
    values = {"w": rng.standard_normal(shape).astype(np.float32), "b": rng.random(3 * groups).astype(np.float32)}
    op = "ConvTranspose" if transposed else "Conv"
    size = rng.integers(6, 10, axes).tolist()
    path = write(tmp_path, [node(op, ["x", "w", "b"], ["y"], **attrs)], values, ("n", 2 * groups, *size))
    print(op, attrs, check_runtime(ingest_onnx(path), path))


def test_a_difference_fails(tmp_path: Path) -> None:
    path = write(tmp_path, [node("Sin", ["x"], ["y"])])
    graph = ingest_onnx(path)
    graph.nodes[0].op = "cos"
    with pytest.raises(CheckFailed, match="output 'y'.*differs from ONNX Runtime"):
        check_runtime(graph, path)
