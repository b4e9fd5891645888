# SPDX-License-Identifier: Apache-2.0
"""ONNX operators that reduce over windows or axes, or normalise."""
from __future__ import annotations

from typing import Any

import numpy as np

from heddle_quantize.ingest.onnx.arrays import spatial_pads
from heddle_quantize.ingest.onnx.importer import Handler, Importer
from heddle_quantize.ingest.onnx.node import OnnxNode


def _batchnorm(s: Importer, n: OnnxNode) -> None:
    gamma, beta, mean, var = (s.const(n, i).astype(np.float64) for i in range(1, 5))
    scale = gamma / np.sqrt(var + n.attrs.get("epsilon", 1e-5))
    s.emit(n, "batchnorm", [s.value(n, 0)], {"scale": scale, "shift": beta - mean * scale})


def _layernorm(s: Importer, n: OnnxNode) -> None:
    if n.attrs.get("axis", -1) not in (-1, len(s.shape(n, 0)) - 1):
        raise s.refuse(n, f"axis {n.attrs['axis']}", "the last axis")
    s.emit(
        n,
        "layernorm",
        [s.value(n, 0)],
        {"weight": s.const(n, 1), "bias": s.const(n, 2)},
        eps=n.attrs.get("epsilon", 1e-5),
    )


def _lrn(s: Importer, n: OnnxNode) -> None:
    s.emit(
        n,
        "lrn",
        [s.value(n, 0)],
        size=n.attrs["size"],
        alpha=n.attrs.get("alpha", 1e-4),
        beta=n.attrs.get("beta", 0.75),
        bias=n.attrs.get("bias", 1.0),
    )


def _softmax(s: Importer, n: OnnxNode) -> None:
    shape = s.shape(n, 0)
    axis = int(n.attrs.get("axis", -1 if s.opset >= 13 else 1)) % len(shape)
    if s.opset < 13 and any(d != 1 for d in shape[axis + 1 :]):
        raise s.refuse(n, f"axis {axis} of {shape}, flattened in opset {s.opset}", "the last axis")
    s.emit(n, "softmax", [s.value(n, 0)], axis=axis)


def _pool(s: Importer, n: OnnxNode) -> None:
    if len(n.outputs) > 1 and n.outputs[1]:
        raise s.refuse(n, "an output of indices", "values only")
    kernel = [int(v) for v in n.attrs["kernel_shape"]]
    stride = [int(v) for v in n.attrs.get("strides", [1] * len(kernel))]
    dilation = [int(v) for v in n.attrs.get("dilations", [1] * len(kernel))]
    common: dict[str, Any] = {
        "kernel": kernel,
        "stride": stride,
        "pads": spatial_pads(s, n, kernel, stride, dilation),
        "ceil": bool(n.attrs.get("ceil_mode", 0)),
    }
    if n.op == "MaxPool":
        s.emit(n, "maxpool", [s.value(n, 0)], dilation=dilation, **common)
    else:
        s.emit(n, "avgpool", [s.value(n, 0)], count_pad=bool(n.attrs.get("count_include_pad", 0)), **common)


def _global(s: Importer, n: OnnxNode) -> None:
    s.emit(n, "mean", [s.value(n, 0)], axes=list(range(2, len(s.shape(n, 0)))), keepdims=True)


def _reduce(s: Importer, n: OnnxNode) -> None:
    axes = s.axes(n)
    rank = len(s.shape(n, 0))
    axes = [a % rank for a in (axes if axes is not None else range(rank))]
    if 0 in axes:
        raise s.refuse(n, "a reduction over the batch", "other axes")
    s.emit(
        n,
        "mean" if n.op == "ReduceMean" else "sum",
        [s.value(n, 0)],
        axes=axes,
        keepdims=bool(n.attrs.get("keepdims", 1)),
    )


HANDLERS: dict[str, Handler] = {
    "BatchNormalization": _batchnorm,
    "LayerNormalization": _layernorm,
    "LRN": _lrn,
    "Softmax": _softmax,
    "MaxPool": _pool,
    "AveragePool": _pool,
    "GlobalAveragePool": _global,
    "ReduceMean": _reduce,
    "ReduceSum": _reduce,
}
