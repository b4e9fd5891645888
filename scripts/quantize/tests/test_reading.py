# SPDX-License-Identifier: Apache-2.0
"""What an ONNX file says is read as ONNX means it, or refused by node and name: one small graph per kind of fault."""
from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from heddle_quantize.base.errors import BadInput
from heddle_quantize.graph import executor
from heddle_quantize.graph.graph import Graph
from heddle_quantize.graph.work import layer_work
from heddle_quantize.ingest.onnx.ingest_onnx import TABLE, ingest_onnx
from heddle_quantize.ingest.torch.ingest_module import ingest_module
from heddle_quantize.quantize.calibrate import calibrate
from onnx import TensorProto, helper, numpy_helper
from torch import nn

Arrays = dict[str, np.ndarray]


def node(op: str, inputs: list[str], outputs: list[str], **attrs: Any) -> Any:
    return helper.make_node(op, inputs, outputs, name=f"n_{outputs[0]}", **attrs)


def write(
    folder: Path,
    nodes: list[Any],
    constants: Arrays | None = None,
    shape: tuple[Any, ...] = ("n", 1, 2, 2),
    outputs: tuple[str, ...] = ("y",),
    opset: int = 13,
) -> Path:
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
        [numpy_helper.from_array(v, k) for k, v in (constants or {}).items()],
    )
    path = folder / "m.onnx"
    path.write_bytes(helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)]).SerializeToString())
    return path


def run(graph: Graph, x: Any) -> np.ndarray:
    return executor.output(graph, {"x": np.asarray(x, np.float32)})


IMAGE = np.array([[[[1.0, 2], [3, 4]]]])
PLANES = np.array([[[[4.0, 2], [3, 1]], [[2, 1], [0, 9]], [[7, 8], [1, 0]]]])


def test_lrn_of_even_size(tmp_path: Path) -> None:
    """size 2: the window of channel c is c and c+1. x = 1, 1, 3, 2; y = x / sqrt(1 + (sum of squares) / 2)."""
    path = write(tmp_path, [node("LRN", ["x"], ["y"], size=2, alpha=1.0, beta=0.5, bias=1.0)], shape=("n", 4, 1, 1))
    x = np.array([1.0, 1, 3, 2])
    sums = np.array([2.0, 10, 13, 4])
    assert np.allclose(run(ingest_onnx(path), x.reshape(1, 4, 1, 1)).ravel(), x / np.sqrt(1 + sums / 2))


def test_pooling_leaves_out_windows_without_a_pixel(tmp_path: Path) -> None:
    attrs: dict[str, Any] = {"kernel_shape": [3, 3], "strides": [3, 3], "pads": [1, 1, 1, 1], "ceil_mode": 1}
    assert run(ingest_onnx(write(tmp_path, [node("MaxPool", ["x"], ["y"], **attrs)])), IMAGE).tolist() == [[[[4.0]]]]


@pytest.mark.parametrize("seed", range(12))
def test_pooling_equals_torch(seed: int, tmp_path: Path) -> None:
    """Random windows of one to three axes; torch's pads are the same in front and behind."""
    rng = np.random.default_rng(seed)
    axes = int(rng.integers(1, 4))
    kernel, stride = rng.integers(1, 4, axes).tolist(), rng.integers(1, 4, axes).tolist()
    pads = [int(rng.integers(0, k // 2 + 1)) for k in kernel]
    ceil, count = bool(rng.integers(2)), bool(rng.integers(2))
    size = rng.integers(4, 8, axes).tolist()
    x = rng.standard_normal((2, 3, *size)).astype(np.float32)
    common: dict[str, Any] = {"kernel_shape": kernel, "strides": stride, "pads": pads * 2, "ceil_mode": int(ceil)}
    for op, module in (
        ("MaxPool", getattr(nn, f"MaxPool{axes}d")(kernel, stride, pads, ceil_mode=ceil)),
        ("AveragePool", getattr(nn, f"AvgPool{axes}d")(kernel, stride, pads, ceil, count)),
    ):
        attrs = common if op == "MaxPool" else {**common, "count_include_pad": int(count)}
        graph = ingest_onnx(write(tmp_path, [node(op, ["x"], ["y"], **attrs)], shape=("n", 3, *size), opset=19))
        assert np.abs(run(graph, x) - module(torch.from_numpy(x)).numpy()).max() < 1e-6


@pytest.mark.parametrize(
    "attrs, row",
    [
        ({"coordinate_transformation_mode": "align_corners"}, "112222333344"),
        ({"coordinate_transformation_mode": "asymmetric"}, "112223334444"),
        ({"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}, "111222333444"),
        ({"coordinate_transformation_mode": "half_pixel"}, "111222333444"),
    ],
)
def test_resize_reads_its_modes(attrs: dict[str, str], row: str, tmp_path: Path) -> None:
    """A row of 4 pixels enlarged to 12; new position i lies at 3i/11, or i/3, of the old ones."""
    scales = {"scales": np.array([1, 1, 1, 3], np.float32)}
    path = write(tmp_path, [node("Resize", ["x", "", "scales"], ["y"], **attrs)], scales, ("n", 1, 1, 4))
    got = run(ingest_onnx(path), np.array([[[[1.0, 2, 3, 4]]]]))
    assert "".join(str(int(v)) for v in got.ravel()) == row


@pytest.mark.parametrize("op, fn", [("Max", np.max), ("Min", np.min), ("Sum", np.sum), ("Mean", np.mean)])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_operators_of_any_number_of_inputs(op: str, fn: Any, count: int, tmp_path: Path) -> None:
    parts = [f"p{i}" for i in range(count)]
    split = node("Split", ["x", "sizes"], ["p0", "p1", "p2"], axis=1)
    sizes = {"sizes": np.ones(3, np.int64)}
    graph = ingest_onnx(write(tmp_path, [split, node(op, parts, ["y"])], sizes, ("n", 3, 2, 2)))
    assert np.allclose(run(graph, PLANES)[0, 0], fn(PLANES[0, :count], axis=0))


def test_constants_fold_as_onnx_computes(tmp_path: Path) -> None:
    """max(1, 2, 5) + (-7 / 2 = -3) + (-7 mod 2 = 1) + (5 cast to float, / 2 = 2.5) + trunc(-1.75) = 4.5."""
    whole = {
        **{f"c{i}": np.array([v], np.float32) for i, v in enumerate((1, 2, 5))},
        **{name: np.array([v], np.int64) for name, v in (("m7", -7), ("two", 2), ("five", 5))},
        "q": np.array([-1.75], np.float32),
    }
    nodes = [
        node("Max", ["c0", "c1", "c2"], ["a"]),
        node("Div", ["m7", "two"], ["b"]),
        node("Mod", ["m7", "two"], ["c"]),
        node("Add", ["b", "c"], ["bc"]),
        node("Cast", ["bc"], ["d"], to=TensorProto.FLOAT),
        node("Cast", ["five"], ["e"], to=TensorProto.FLOAT),
        node("Cast", ["two"], ["f"], to=TensorProto.FLOAT),
        node("Div", ["e", "f"], ["g"]),
        node("Cast", ["q"], ["h"], to=TensorProto.INT32),
        node("Cast", ["h"], ["i"], to=TensorProto.FLOAT),
        node("Sum", ["a", "d", "g", "i"], ["s"]),
        node("Mul", ["x", "s"], ["y"]),
    ]
    assert np.allclose(run(ingest_onnx(write(tmp_path, nodes, whole)), IMAGE), IMAGE * 4.5)


def test_cast_of_values(tmp_path: Path) -> None:
    x = np.array([[[[1.25, 2.75], [0.0, -1.75]]]])
    nodes = [node("Cast", ["x"], ["i"], to=TensorProto.INT64), node("Cast", ["i"], ["y"], to=TensorProto.FLOAT)]
    assert run(ingest_onnx(write(tmp_path, nodes)), x).ravel().tolist() == [1, 2, 0, -1]
    nodes = [node("Cast", ["x"], ["i"], to=TensorProto.BOOL), node("Cast", ["i"], ["y"], to=TensorProto.FLOAT)]
    assert run(ingest_onnx(write(tmp_path, nodes)), x).ravel().tolist() == [1, 1, 0, 1]


def test_all_outputs_and_their_layers(tmp_path: Path) -> None:
    """8*3*3*3*4*4 + 10*8*4*4 + 4*8*3*3*4*4 products."""
    shapes = {"t": (8, 3, 3, 3), "a": (10, 8, 1, 1), "b": (4, 8, 3, 3)}
    weights = {k: np.ones(s, np.float32) for k, s in shapes.items()}
    nodes = [
        node("Conv", ["x", "t"], ["trunk"], pads=[1, 1, 1, 1]),
        node("Conv", ["trunk", "a"], ["classes"]),
        node("Conv", ["trunk", "b"], ["boxes"], pads=[1, 1, 1, 1]),
    ]
    graph = ingest_onnx(write(tmp_path, nodes, weights, ("n", 3, 4, 4), ("classes", "boxes")))
    assert graph.outputs == ["n_classes", "n_boxes"]
    assert sum(layer_work(graph, executor.noise(graph, 1)).values()) == 16 * (216 + 80 + 288)
    assert [v.shape for v in executor.outputs(graph, executor.noise(graph, 2))] == [(2, 10, 4, 4), (2, 4, 4, 4)]


def test_products_with_constants_on_either_side(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((3, 5, 8)).astype(np.float32)
    for constants, operands, expected in (
        ({"w": rng.standard_normal(8).astype(np.float32)}, ["x", "w"], lambda w: x @ w),
        ({"w": rng.standard_normal((6, 5)).astype(np.float32)}, ["w", "x"], lambda w: w @ x),
    ):
        graph = ingest_onnx(write(tmp_path, [node("MatMul", operands, ["y"])], constants, ("n", 5, 8)))
        assert [n.op for n in graph.array_nodes()] == ["linear"]
        assert np.abs(run(graph, x) - expected(constants["w"])).max() < 1e-5


@pytest.mark.parametrize("width", [8, 5])
def test_batch_norm_behind_a_product_of_rank_three(width: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    w, x = rng.standard_normal((8, width)).astype(np.float32), rng.standard_normal((2, 8, 8)).astype(np.float32)
    stats = {k: (rng.random(8) + 0.5).astype(np.float32) for k in "gbmv"}
    nodes = [node("MatMul", ["x", "w"], ["h"]), node("BatchNormalization", ["h", *"gbmv"], ["y"])]
    got = run(ingest_onnx(write(tmp_path, nodes, {"w": w, **stats}, ("n", 8, 8))), x)
    g, b, m, v = (stats[k][:, None] for k in "gbmv")
    assert np.abs(got - ((x @ w - m) / np.sqrt(v + 1e-5) * g + b)).max() < 1e-4


NORM = {k: np.ones(1, np.float32) for k in "gbmv"}


@pytest.mark.parametrize(
    "made, constants, message",
    [
        (node("BatchNormalization", ["x", *"gbmv"], ["y"], training_mode=1), NORM, "n_y.*training mode"),
        (node("MaxPool", ["x"], ["y"], kernel_shape=[2, 2], storage_order=1), {}, "n_y.*storage_order = 1"),
        (node("MaxPool", ["x"], ["z", "y"], kernel_shape=[2, 2]), {}, "n_z.*output 'y'"),
        (node("Relu", ["x"], ["y"], slope=0.1), {}, "n_y.*attribute slope = 0.1"),
        (node("Elu", ["x"], ["y"], alpha=1.0, beta=2.0), {}, "n_y.*attribute beta = 2.*only alpha"),
        (node("Relu", ["x", "x"], ["y"]), {}, "n_y.*2 inputs; expected 1"),
        (node("And", ["x", "x"], ["y"]), {}, "n_y.*floating point; expected bool"),
        (node("DepthToSpace", ["x"], ["y"], blocksize=1, mode="ROWS"), {}, "n_y.*mode = ROWS"),
        (node("Mod", ["x", "x"], ["y"]), {}, "n_y.*fmod"),
        (node("Gelu", ["x"], ["y"]), {}, "n_y.*opset 13; expected opset 20"),
        (node("QuantizeLinear", ["x", "g"], ["y"]), NORM, "n_y.*quantized already"),
        (node("GlobalAveragePool", ["x"], ["y"], axes=[1]), {}, "n_y.*attribute axes"),
        (node("ReduceSum", ["x", "x"], ["y"]), {}, "n_y.*'x' computed.*constant"),
        (node("GridSample", ["x", "x"], ["y"]), {}, "n_y.*unknown operator"),
    ],
)
def test_what_is_not_read_is_refused(made: Any, constants: Arrays, message: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=message):
        ingest_onnx(write(tmp_path, [made], constants))


def test_a_default_that_is_written_out_is_no_fault(tmp_path: Path) -> None:
    made = node("MaxPool", ["x"], ["y"], kernel_shape=[2, 2], storage_order=0, ceil_mode=0)
    assert run(ingest_onnx(write(tmp_path, [made])), IMAGE).tolist() == [[[[4.0]]]]


def test_constants_that_nothing_reads(tmp_path: Path) -> None:
    text = helper.make_node("Constant", [], ["unused"], value_string=b"words")
    assert run(ingest_onnx(write(tmp_path, [text, node("Neg", ["x"], ["y"])])), IMAGE).ravel().tolist() == [
        -1,
        -2,
        -3,
        -4,
    ]
    with pytest.raises(BadInput, match="constant of text"):
        ingest_onnx(write(tmp_path, [text, node("Concat", ["x", "unused"], ["y"], axis=1)]))


def test_a_fixed_batch_is_said(tmp_path: Path) -> None:
    target = {"s": np.array([4, -1], np.int64)}
    with pytest.raises(BadInput, match="fixes the batch to 4.*dynamic_axes"):
        ingest_onnx(write(tmp_path, [node("Reshape", ["x", "s"], ["y"])], target, (4, 1, 2, 2)))
    graph = ingest_onnx(write(tmp_path, [node("Neg", ["x"], ["y"])], shape=(4, 1, 2, 2)))
    assert "batch of 4" in graph.notes[0] and run(graph, IMAGE).shape == IMAGE.shape


def test_logarithms_of_noise_are_no_mixed_batch(tmp_path: Path) -> None:
    nodes = [node("Log", ["x"], ["l"]), node("Conv", ["l", "w"], ["y"])]
    graph = ingest_onnx(write(tmp_path, nodes, {"w": np.ones((1, 1, 1, 1), np.float32)}))
    assert np.allclose(run(graph, IMAGE), np.log(IMAGE))
    calibrate(graph, {"x": IMAGE.astype(np.float32)})
    with pytest.raises(BadInput, match="node 'n_l'.*infinite values or NaN"):
        calibrate(graph, {"x": np.concatenate([IMAGE, IMAGE * 0]).astype(np.float32)})


def test_masks_may_be_infinite(tmp_path: Path) -> None:
    mask = {"m": np.array([[True, False], [True, True]]), "i": np.array(-np.inf, np.float32)}
    nodes = [node("Where", ["m", "x", "i"], ["h"]), node("Softmax", ["h"], ["y"], axis=-1)]
    got = run(ingest_onnx(write(tmp_path, nodes, mask)), IMAGE)[0, 0]
    assert got[0].tolist() == [1, 0] and abs(got[1].sum() - 1) < 1e-9


def test_values_beside_the_file_and_none_at_all(tmp_path: Path) -> None:
    weight = np.arange(9, dtype=np.float32).reshape(1, 1, 3, 3)
    path = write(tmp_path, [node("Conv", ["x", "w"], ["y"])], {"w": weight}, ("n", 1, 3, 3))
    expected = run(ingest_onnx(path), np.ones((1, 1, 3, 3)))
    model = onnx.load(str(path))
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    path.write_bytes(model.SerializeToString())
    with pytest.raises(BadInput, match="tensor 'w' of node 'n_y'.*no values"):
        ingest_onnx(path)
    assert ingest_onnx(path, weightless=True).weightless
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in (("location", "w.bin"), ("offset", "4"), ("length", "36")):
        entry = tensor.external_data.add()
        entry.key, entry.value = key, value
    path.write_bytes(model.SerializeToString())
    with pytest.raises(BadInput, match="'w.bin', which is not there"):
        ingest_onnx(path)
    assert ingest_onnx(path, weightless=True).weightless
    (tmp_path / "w.bin").write_bytes(b"skip" + weight.tobytes())
    assert np.array_equal(run(ingest_onnx(path), np.ones((1, 1, 3, 3))), expected)
    tensor.external_data[0].value = "../w.bin"
    path.write_bytes(model.SerializeToString())
    with pytest.raises(BadInput, match="a file in the folder of the model"):
        ingest_onnx(path)


def test_the_page_lists_the_operators() -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "quantization.md").read_text()
    listed = page.split("The operators of ONNX that are read:")[1].split("Branches (`If`)")[0]
    assert re.findall(r"`(\w+)`", listed) == sorted(TABLE)


class Small(nn.Module):
    """Outputs near 1e-4, behind operations whose attributes matter."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind, self.conv = kind, nn.Conv2d(2, 3, 1)
        with torch.no_grad():
            self.conv.weight.mul_(1e-4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.conv(x)
        if self.kind == "corners":
            return nn.functional.interpolate(y, scale_factor=2, mode="bilinear", align_corners=True)
        if self.kind == "pads":
            return nn.functional.avg_pool2d(y, 3, 1, 1, count_include_pad=False)
        return torch.div(y, 1e-5, rounding_mode="floor") * 1e-5


@pytest.mark.parametrize("kind", ["corners", "pads", "floor"])
def test_modules_with_small_outputs(kind: str) -> None:
    torch.manual_seed(0)
    module = Small(kind).eval()
    graph = ingest_module(module, "net", (2, 6, 6))
    x = np.random.default_rng(0).standard_normal((2, 2, 6, 6)).astype(np.float32)
    expected = module(torch.from_numpy(x)).detach().numpy()
    got = executor.output(graph, {next(iter(graph.inputs)): x})
    assert np.abs(got - expected).max() < 1e-3 * np.abs(expected).max()
