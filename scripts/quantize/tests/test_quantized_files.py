# SPDX-License-Identifier: Apache-2.0
"""Files that come quantized: integers equal to ONNX Runtime's, and traces that state them."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from heddle_quantize.base.errors import BadInput
from heddle_quantize.export.exporter import ExportOptions, export
from heddle_quantize.graph import executor
from heddle_quantize.ingest.model_source import states_quantization
from heddle_quantize.ingest.qonnx.ingest_qonnx import ingest_qonnx
from heddle_quantize.ingest.runtime_check import check_runtime, find_library
from heddle_quantize.quantize.integer_arrays import IntegerArrays
from heddle_quantize.trace import storage
from heddle_quantize.trace.check_trace import check_trace
from heddle_quantize.trace.recompute import recompute
from onnx import TensorProto
from test_reading import Arrays, node, write

RNG = np.random.default_rng(7)
SHAPE = ("n", 3, 8, 8)


def codes(*shape: int, low: int = -127, high: int = 127, kind: str = "i1") -> np.ndarray:
    return RNG.integers(low, high + 1, shape).astype(kind)


def scales(**values: Any) -> Arrays:
    return {name: np.asarray(value, np.float32) for name, value in values.items()}


def quantizer(value: str, out: str, scale: str, zero: str, clip: tuple[str, str] | None = None) -> list[Any]:
    """QuantizeLinear, a Clip where the width is narrower, DequantizeLinear."""
    inner = f"{out}c" if clip else f"{out}q"
    nodes = [node("QuantizeLinear", [value, scale, zero], [f"{out}q"])]
    nodes += [node("Clip", [f"{out}q", *clip], [inner])] if clip else []
    return nodes + [node("DequantizeLinear", [inner, scale, zero], [out])]


def pooled(value: str, of_codes: bool) -> list[Any]:
    """Pooling of codes, or of what they stand for: ONNX pools no codes of 16 bits."""
    pool: dict[str, Any] = {"kernel_shape": [2, 2], "strides": [2, 2]}
    if of_codes:
        return [node("MaxPool", [value], ["pq"], **pool), node("DequantizeLinear", ["pq", "hs", "z0"], ["p"])]
    return [node("DequantizeLinear", [value, "hs", "z0"], ["hr"]), node("MaxPool", ["hr"], ["p"], **pool)]


def paired(channels: bool = True, kind: str = "u1", zero: int = 117, clip: bool = False) -> tuple[list[Any], Arrays]:
    """Convolution, pooling of codes, linear layer; quantizer pairs around all of them."""
    constants: Arrays = {
        "wc": codes(6, 3, 3, 3),
        "lc": codes(96, 5),
        "bc": codes(6, low=-900, high=900, kind="i4"),
        "z": np.array(zero, kind),
        "z0": np.array(0, kind),
        "zi": np.array(0, np.int8),
        "lo": np.array(0 if kind[0] == "u" else -8, kind),
        "hi": np.array(15 if kind[0] == "u" else 7, kind),
        **scales(xs=0.031, hs=0.3, ls=0.004, ys=0.7, ws=RNG.random(6) * 0.01 + 0.001 if channels else 0.004),
    }
    constants["bs"] = (constants["xs"] * constants["ws"]).astype(np.float32)
    bounds = ("lo", "hi") if clip else None
    return [
        *quantizer("x", "xr", "xs", "z"),
        node("DequantizeLinear", ["wc", "ws"] + ([] if channels else ["zi"]), ["w"], axis=0),
        node("DequantizeLinear", ["bc", "bs"], ["b"], axis=0),
        node("Conv", ["xr", "w", "b"], ["c"], pads=[1, 1, 1, 1]),
        node("Relu", ["c"], ["r"]),
        node("QuantizeLinear", ["r", "hs", "z0"], ["hq"]),
        *([node("Clip", ["hq", *bounds], ["hc"])] if bounds else []),
        *pooled("hc" if bounds else "hq", np.dtype(kind).itemsize == 1),
        node("Flatten", ["p"], ["f"]),
        node("DequantizeLinear", ["lc", "ls", "zi"], ["l"]),
        node("MatMul", ["f", "l"], ["m"]),
        *quantizer("m", "y", "ys", "z"),
    ], constants


def on_integers() -> tuple[list[Any], Arrays]:
    """The same kind of network with QLinearConv and QLinearMatMul."""
    nodes, constants = paired()
    constants |= {"wz": np.zeros(6, np.int8), "cs": np.float32(0.21).reshape(())}
    return [
        node("QuantizeLinear", ["x", "xs", "z"], ["xq"]),
        node("QLinearConv", ["xq", "xs", "z", "wc", "ws", "wz", "cs", "z", "bc"], ["cq"], strides=[2, 2]),
        node("DequantizeLinear", ["cq", "cs", "z"], ["c"]),
        node("Sigmoid", ["c"], ["s"]),
        node("QuantizeLinear", ["s", "ls", "z0"], ["sq"]),
        node("Flatten", ["sq"], ["f"]),
        node("QLinearMatMul", ["f", "ls", "z0", "m", "ls", "zi", "ys", "z"], ["yq"]),
        node("DequantizeLinear", ["yq", "ys", "z"], ["y"]),
    ], {**constants, "m": codes(54, 4)}


def accumulators() -> tuple[list[Any], Arrays]:
    """ConvInteger and MatMulInteger, whose outcome is scaled by hand."""
    _, constants = paired()
    return [
        node("QuantizeLinear", ["x", "xs", "z"], ["xq"]),
        node("ConvInteger", ["xq", "wc", "z"], ["ci"]),
        node("Cast", ["ci"], ["cf"], to=TensorProto.FLOAT),
        node("Mul", ["cf", "ls"], ["c"]),
        node("QuantizeLinear", ["c", "hs", "z"], ["cq"]),
        node("Flatten", ["cq"], ["f"]),
        node("MatMulInteger", ["f", "m", "z"], ["mi"]),
        node("Cast", ["mi"], ["y"], to=TensorProto.FLOAT),
    ], {**constants, "m": codes(216, 4)}


NETWORKS: dict[str, tuple[tuple[list[Any], Arrays], int, tuple[int, int]]] = {
    "per channel": (paired(), 13, (8, 8)),
    "per tensor": (paired(False), 13, (8, 8)),
    "signed": (paired(True, "i1", -3), 13, (8, 8)),
    "narrow by clip": (paired(True, "u1", 117, True), 13, (4, 8)),
    "16 bits": (paired(True, "i2", 0), 21, (16, 8)),
    "integer operators": (on_integers(), 13, (8, 8)),
    "accumulators": (accumulators(), 13, (8, 8)),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_quantized_files(name: str, tmp_path: Path) -> None:
    (nodes, constants), opset, bits = NETWORKS[name]
    path = write(tmp_path, nodes, constants, SHAPE, opset=opset)
    assert states_quantization(path)
    graph, plan = ingest_qonnx(path)
    feeds = executor.noise(graph, 2)
    exact = executor.output(graph, feeds, IntegerArrays(plan))
    assert np.abs(exact - executor.output(graph, feeds)).max() <= 1e-9 * np.abs(exact).max()
    last = plan.layers[graph.array_nodes()[-1].id]
    assert (last.act.bits, last.weight.bits) == bits
    trace = export(graph, plan, [{k: v[:1] for k, v in feeds.items()}], ExportOptions())
    storage.write(trace, tmp_path / "t.trace")
    checks = recompute(check_trace(tmp_path / "t.trace"))
    assert len(checks) == 2 and not any(c.wrong for c in checks)
    if find_library() is not None:
        print(name, check_runtime(graph, path, feeds, plan))


def test_weights_of_four_bits(tmp_path: Path) -> None:
    """INT4 of opset 21, two in a byte; -8 to 7 along a column."""
    values = np.arange(-8, 8).reshape(8, 2)
    nodes = [*quantizer("x", "xr", "s", "z"), node("DequantizeLinear", ["w", "ws"], ["wr"], axis=1)]
    nodes += [node("MatMul", ["xr", "wr"], ["y"])]
    constants = {**scales(s=0.1, ws=[0.5, 0.25]), "z": np.array(0, np.int8)}
    path = write(tmp_path, nodes, constants, ("n", 8), opset=21)
    model = onnx.load(str(path))
    flat = (values.reshape(-1) & 15).astype(np.uint8)
    model.graph.initializer.append(
        TensorProto(name="w", data_type=22, dims=[8, 2], raw_data=bytes(flat[::2] | flat[1::2] << 4))
    )
    path.write_bytes(model.SerializeToString())
    graph, plan = ingest_qonnx(path)
    assert plan.layers["n_y"].weight.bits == 4
    x = np.eye(8, dtype=np.float32)
    assert np.allclose(executor.output(graph, {"x": x}, IntegerArrays(plan)), values * [0.5, 0.25])


@pytest.mark.parametrize(
    "change, message",
    [
        (
            lambda n, c: n.__setitem__(0, node("DynamicQuantizeLinear", ["x"], ["xrq", "a", "d"])),
            "quantized already.*constant scales",
        ),
        (lambda n, c: c.update(ws=-c["ws"]), "above zero"),
        (
            lambda n, c: n.__setitem__(2, node("DequantizeLinear", ["wc", "ws"], ["w"], axis=0, block_size=2)),
            "block_size",
        ),
        (
            lambda n, c: n.__setitem__(4, node("Conv", ["x", "w"], ["c"], pads=[1, 1, 1, 1])),
            "operand made by 'x'.*a quantizer",
        ),
    ],
)
def test_what_is_not_taken_in(change: Any, message: str, tmp_path: Path) -> None:
    nodes, constants = paired()
    nodes, constants = list(nodes), dict(constants)
    change(nodes, constants)
    with pytest.raises(BadInput, match=message):
        ingest_qonnx(write(tmp_path, nodes, constants, SHAPE, opset=21))
