# SPDX-License-Identifier: Apache-2.0
"""ONNX operators that reduce over windows or axes, or rank along them."""
from __future__ import annotations

from typing import Any

import numpy as np

from heddle_quantize.ingest.onnx.arrays import spatial_pads, whole_numbers
from heddle_quantize.ingest.onnx.importer import Importer
from heddle_quantize.ingest.onnx.node import OnnxNode
from heddle_quantize.ingest.onnx.operator import Handler, Operator, operator


def _flattened(s: Importer, n: OnnxNode, op: str) -> None:
    """Along one axis; opsets below 13 flatten it with all that follow."""
    shape = s.shape(n, 0)
    axis = s.axis(n, -1 if s.opset >= 13 else 1)
    if s.opset >= 13 or all(d == 1 for d in shape[axis + 1 :]):
        s.emit(n, op, [s.value(n, 0)], axis=axis)
        return
    if axis == 0 and not s.graph.whole:
        raise s.refuse(n, f"axis 0, flattened with all others in opset {s.opset}", "axes behind the batch")
    lead = shape[:axis]
    flat = _reshaped(s, n, s.value(n, 0), [*lead, int(np.prod(shape[axis:]))], f"{n.name}.flat")
    out = s.emit(n, op, [flat], name=n.name, axis=axis)
    _reshaped(s, n, out, shape, None)


def _reshaped(s: Importer, n: OnnxNode, value: str, shape: list[int], name: str | None) -> str:
    if s.graph.whole or s.known(value) is not None:
        return s.emit(n, "reshape", [value], name=name, full=shape)
    return s.emit(n, "reshape", [value], name=name, shape=shape[1:])


def _along(op: str) -> Handler:
    return lambda s, n: _flattened(s, n, op)


def _window(s: Importer, n: OnnxNode) -> dict[str, Any]:
    kernel = [int(v) for v in n.attrs["kernel_shape"]]
    count = len(kernel)
    if len(s.shape(n, 0)) != count + 2:
        raise s.refuse(n, f"kernel {kernel} for a value of shape {s.shape(n, 0)}", "as many spatial axes")
    stride, dilation = whole_numbers(n, "strides", count), whole_numbers(n, "dilations", count)
    return {
        "kernel": kernel,
        "stride": stride,
        "dilation": dilation,
        "pads": spatial_pads(s, n, kernel, stride, dilation),
        "ceil": bool(n.attrs.get("ceil_mode", 0)),
    }


def _max_pool(s: Importer, n: OnnxNode) -> None:
    s.emit(n, "maxpool", [s.value(n, 0)], **_window(s, n))


def _average_pool(s: Importer, n: OnnxNode) -> None:
    s.emit(n, "avgpool", [s.value(n, 0)], count_pad=bool(n.attrs.get("count_include_pad", 0)), **_window(s, n))


def _lp_pool(s: Importer, n: OnnxNode) -> None:
    s.emit(n, "lppool", [s.value(n, 0)], power=int(n.attrs.get("p", 2)), **_window(s, n))


def _global(kind: str) -> Handler:
    def run(s: Importer, n: OnnxNode) -> None:
        axes = list(range(2, len(s.shape(n, 0))))
        if kind == "mean":
            s.emit(n, "mean", [s.value(n, 0)], axes=axes, keepdims=True)
        else:
            s.emit(n, "reduce", [s.value(n, 0)], kind=kind, axes=axes, keepdims=True)

    return run


def _reduce(kind: str) -> Handler:
    def run(s: Importer, n: OnnxNode) -> None:
        axes, rank, value = s.axes(n), len(s.shape(n, 0)), s.value(n, 0)
        keep = bool(n.attrs.get("keepdims", 1))
        if not axes:
            if n.attrs.get("noop_with_empty_axes", 0):
                s.alias(n, value)
                return
            axes = list(range(rank))
        axes = [a % rank for a in axes]
        if 0 in axes and not s.graph.whole and (value in s.graph.inputs or len(axes) == rank) and not s.all_const(n):
            raise s.refuse(n, "a reduction over the batch", "other axes")
        dtype = s.dtype(n)
        if kind in ("mean", "sum") and dtype.kind == "f":
            s.emit(n, kind, [value], axes=axes, keepdims=keep)
        else:
            s.emit(n, "reduce", [value], kind=kind, axes=axes, keepdims=keep)

    return run


def _arg(greatest: bool) -> Handler:
    def run(s: Importer, n: OnnxNode) -> None:
        s.emit(
            n,
            "arg",
            [s.value(n, 0)],
            dtype=np.int64,
            axis=s.axis(n, 0),
            greatest=greatest,
            last=bool(n.attrs.get("select_last_index", 0)),
            keepdims=bool(n.attrs.get("keepdims", 1)),
        )

    return run


def _cumsum(s: Importer, n: OnnxNode) -> None:
    rank = len(s.shape(n, 0))
    axis = int(s.const(n, 1).reshape(()))
    if not -rank <= axis < rank:
        raise s.refuse(n, f"axis {axis} of {rank} axes", f"{-rank} to {rank - 1}")
    how: dict[str, Any] = {"exclusive": bool(n.attrs.get("exclusive", 0)), "reverse": bool(n.attrs.get("reverse", 0))}
    s.emit(n, "cumsum", [s.value(n, 0)], axis=axis % rank, **how)


def _det(s: Importer, n: OnnxNode) -> None:
    s.emit(n, "det", [s.value(n, 0)])


WINDOW = "auto_pad ceil_mode kernel_shape pads strides dilations"
REDUCED = {
    "ReduceMean": "mean",
    "ReduceSum": "sum",
    "ReduceMax": "max",
    "ReduceMin": "min",
    "ReduceProd": "prod",
    "ReduceL1": "l1",
    "ReduceL2": "l2",
    "ReduceLogSum": "log_sum",
    "ReduceLogSumExp": "log_sum_exp",
    "ReduceSumSquare": "sum_square",
}
TABLE: dict[str, Operator] = {
    **{
        name: operator(_reduce(kind), "axes keepdims noop_with_empty_axes", (1, 2), types="fi")
        for name, kind in REDUCED.items()
    },
    "Softmax": operator(_along("softmax"), "axis"),
    "LogSoftmax": operator(_along("log_softmax"), "axis"),
    "Hardmax": operator(_along("hardmax"), "axis"),
    "MaxPool": operator(_max_pool, WINDOW, types="fi", ranks=(3, 5)),
    "AveragePool": operator(_average_pool, WINDOW + " count_include_pad", ranks=(3, 5)),
    "LpPool": operator(_lp_pool, WINDOW + " p", ranks=(3, 5)),
    "GlobalAveragePool": operator(_global("mean"), ranks=(3, None)),
    "GlobalMaxPool": operator(_global("max"), ranks=(3, None)),
    "ArgMax": operator(_arg(True), "axis keepdims select_last_index", types="fi", ranks=(1, None)),
    "ArgMin": operator(_arg(False), "axis keepdims select_last_index", types="fi", ranks=(1, None)),
    "CumSum": operator(_cumsum, "exclusive reverse", 2, types="fi", ranks=(1, None)),
    "Det": operator(_det, ranks=(2, None)),
}
