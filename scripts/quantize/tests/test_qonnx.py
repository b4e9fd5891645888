# SPDX-License-Identifier: Apache-2.0
"""QONNX import against a direct reading of its definitions, and what it refuses."""
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx.numpy_helper
import pytest
from heddle_quantize.base.errors import BadInput
from heddle_quantize.cli.main import main
from heddle_quantize.export.exporter import ExportOptions, export
from heddle_quantize.graph import executor
from heddle_quantize.ingest.onnx.ingest_onnx import ingest_onnx
from heddle_quantize.ingest.qonnx.ingest_qonnx import ingest_qonnx
from heddle_quantize.quantize.integer_arrays import IntegerArrays
from heddle_quantize.trace import storage
from heddle_quantize.trace.check_trace import check_trace
from heddle_quantize.trace.recompute import recompute
from onnx import TensorProto

RNG = np.random.default_rng(11)
WEIGHTS = RNG.standard_normal((6, 3, 3, 3)).astype(np.float32)
LAST = RNG.standard_normal((6 * 16, 5)).astype(np.float32)
W_SCALES = np.array([0.1, 0.2, 0.3, 0.15, 0.25, 0.05], np.float32).reshape(6, 1, 1, 1)
DOMAIN = "qonnx.custom_op.general"


def scalar(value: float) -> np.ndarray:
    return np.array(value, np.float32)


CONSTANTS: dict[str, np.ndarray] = {
    "w": WEIGHTS,
    "ws": W_SCALES,
    "zero": scalar(0),
    "four": scalar(4),
    "three": scalar(3),
    "xs": scalar(0.25),
    "as": scalar(0.5),
    "v": LAST,
    "vs": scalar(1),
    "shape": np.array([0, -1], np.int64),
    "two": scalar(2),
}


def node(op: str, inputs: list[str], out: str, **attrs: Any) -> Any:
    domain = DOMAIN if "Quant" in op else ""
    return onnx.helper.make_node(op, inputs, [out], name=f"{op}_{out}", domain=domain, **attrs)


def nodes() -> list[Any]:
    """Per-channel 4-bit narrow weights, a pooled unsigned activation, then a bipolar product."""
    return [
        node("Quant", ["x", "xs", "zero", "four"], "xq", signed=1, rounding_mode="ROUND"),
        node("IntQuant", ["w", "ws", "zero", "four"], "wq", signed=1, narrow=1),
        node("Conv", ["xq", "wq"], "c", pads=[1, 1, 1, 1]),
        node("Relu", ["c"], "r"),
        node("Quant", ["r", "as", "two", "three"], "rq", signed=0),
        node("MaxPool", ["rq"], "p", kernel_shape=[2, 2], strides=[2, 2]),
        node("Reshape", ["p", "shape"], "f"),
        node("BipolarQuant", ["v", "vs"], "vq"),
        node("MatMul", ["f", "vq"], "y"),
    ]


def write(tmp_path: Path, made: list[Any], constants: dict[str, np.ndarray]) -> Path:
    graph = onnx.helper.make_graph(
        made,
        "g",
        [onnx.helper.make_tensor_value_info("x", TensorProto.FLOAT, (1, 3, 8, 8))],
        [onnx.helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [onnx.numpy_helper.from_array(v, k) for k, v in constants.items()],
    )
    path = tmp_path / "q.onnx"
    path.write_bytes(
        onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 13)]).SerializeToString()
    )
    return path


def quant(x: np.ndarray, scale: Any, zero: float, low: int, high: int) -> np.ndarray:
    return (np.rint(np.clip(x / scale + zero, low, high)) - zero) * scale


def reference(x: np.ndarray) -> np.ndarray:
    xq = quant(x, 0.25, 0, -8, 7)
    wq = quant(WEIGHTS.astype(np.float64), W_SCALES.astype(np.float64), 0, -7, 7)
    padded = np.pad(xq, ((0, 0), (0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(2, 3))
    conv = np.einsum("nchwrs,kcrs->nkhw", windows, wq)
    act = quant(np.maximum(conv, 0), 0.5, 2, 0, 7)
    pooled = act.reshape(len(x), 6, 4, 2, 4, 2).max((3, 5)).reshape(len(x), -1)
    return pooled @ np.where(LAST >= 0, 1.0, -1.0)


def test_a_qonnx_network_is_exact(tmp_path: Path) -> None:
    graph, plan = ingest_qonnx(write(tmp_path, nodes(), CONSTANTS))
    x = np.random.default_rng(2).standard_normal((5, 3, 8, 8))
    assert np.abs(executor.output(graph, {"x": x}) - reference(x)).max() < 1e-9
    assert np.abs(executor.output(graph, {"x": x}, IntegerArrays(plan)) - reference(x)).max() < 1e-9
    trace = export(graph, plan, [{"x": x[:1]}, {"x": x[1:2]}], ExportOptions())
    storage.write(trace, tmp_path / "t.trace")
    read = check_trace(tmp_path / "t.trace")
    assert not [c for c in recompute(read) if c.wrong]
    conv, product = (x for x in read.manifest["layers"] if x["op"] in ("conv2d", "linear"))
    assert conv["precision"]["a_bits"] == 4 and conv["precision"]["w_bits"] == 4
    assert conv["operands"][1]["rep"]["narrow"]
    assert read.arrays[conv["operands"][1]["file"]].min() >= -7
    act, weight = (o["rep"] for o in product["operands"])
    assert (act["signed"], act["bits"], act["zero_point"]) == (False, 3, 2)
    assert weight["bipolar"] and weight["bits"] == 1
    assert set(np.unique(read.arrays[product["operands"][1]["file"]])) == {-1, 1}


def changed(index: int, made: Any) -> list[Any]:
    out = nodes()
    out[index] = made
    return out


@pytest.mark.parametrize(
    "made, constants, message",
    [
        (changed(0, node("Relu", ["x"], "xq")), {}, "Conv_c.*Relu_xq"),
        (changed(1, node("Relu", ["w"], "wq")), {}, "Conv_c.*'wq'"),
        (changed(7, node("Neg", ["v"], "vq")), {}, "MatMul_y.*'vq'"),
        (changed(0, node("Quant", ["x", "xs", "zero", "four"], "xq", rounding_mode="NEAR")), {}, "Quant_xq.*NEAR"),
        (nodes(), {"four": scalar(3.5)}, "Quant_xq.*3.5 bits"),
        (nodes(), {"four": scalar(17)}, "Quant_xq.*17 bits"),
        (nodes(), {"zero": scalar(0.5)}, "Quant_xq.*zero point 0.5"),
        (nodes(), {"xs": scalar(-1)}, "Quant_xq.*above zero"),
        (nodes(), {"xs": np.ones(3, np.float32)}, "Quant_xq.*3 scales"),
        (nodes(), {"ws": np.ones((1, 3, 1, 1), np.float32)}, "Conv_c.*axis 1"),
        (nodes(), {"ws": np.ones((6, 3, 1, 1), np.float32)}, "IntQuant_wq.*scales"),
        (changed(0, node("TruncQuant", ["x", "xs"], "xq")), {}, "TruncQuant_xq.*unknown operator"),
    ],
)
def test_faults_name_the_node(tmp_path: Path, made: list[Any], constants: dict[str, np.ndarray], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        ingest_qonnx(write(tmp_path, made, {**CONSTANTS, **constants}))


def test_the_float_importer_does_not_take_it(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="Quant_xq.*quantized already"):
        ingest_onnx(write(tmp_path, nodes(), CONSTANTS))


def test_the_command_exports_a_users_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, nodes(), CONSTANTS)
    x = np.random.default_rng(4).standard_normal((8, 3, 8, 8)).astype(np.float32)
    answers = reference(x.astype(np.float64)).argmax(1)
    answers[0] = (answers[0] + 1) % 5  # one label that the network misses
    np.savez(tmp_path / "xy.npz", x=x, y=answers)
    common = ["export", "--qonnx", str(path), "--calib", str(tmp_path / "xy.npz"), "-q"]
    assert (
        main([*common, "--eval", str(tmp_path / "xy.npz"), "--samples", "2", "--json", "-o", str(tmp_path / "t.trace")])
        == 0
    )
    assert json.loads(capsys.readouterr().out)["accuracy"]["quantized"] == 7 / 8
    trace = check_trace(tmp_path / "t.trace")
    assert trace.manifest["samples"] == 2
    assert trace.manifest["provenance"]["source_model"]["kind"] == "qonnx"
    assert main([*common, "--bits", "8,8", "-o", str(tmp_path / "u.trace")]) == 2
    assert "--bits for a file that is quantized already" in capsys.readouterr().err


def test_damaged_files_are_bad_input(tmp_path: Path) -> None:
    """Truncated or with flipped bytes: taken in or refused, never another kind of error."""
    data = write(tmp_path, nodes(), CONSTANTS).read_bytes()
    rng = np.random.default_rng(9)
    path, refused = tmp_path / "broken.onnx", 0
    for case in range(60):
        broken = bytearray(data)
        if case % 3 == 0:
            broken = broken[: int(rng.integers(0, len(data)))]
        else:
            for at in rng.integers(0, len(data) // 3, size=4):  # nodes come first, then weights
                broken[at] ^= 1 << int(rng.integers(0, 8))
        path.write_bytes(bytes(broken))
        try:
            ingest_qonnx(path)
        except BadInput as err:
            assert "broken" in str(err) or "node '" in str(err)
            refused += 1
    assert refused >= 20
