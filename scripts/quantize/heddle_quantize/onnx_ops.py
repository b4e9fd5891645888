# SPDX-License-Identifier: Apache-2.0
"""ONNX operators, one handler each."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .ingest_onnx import Importer, OnnxNode
from .lower import transposed_pads, transposed_weight

Handler = Callable[[Importer, OnnxNode], None]
HANDLERS: dict[str, Handler] = {}


def handler(*names: str) -> Callable[[Handler], Handler]:
    def register(fn: Handler) -> Handler:
        for name in names:
            HANDLERS[name] = fn
        return fn

    return register


def _all_const(s: Importer, n: OnnxNode) -> bool:
    return all(not name or name in s.consts for name in n.inputs)


def _axes(s: Importer, n: OnnxNode, index: int = 1) -> list[int] | None:
    """Axes as an attribute (old) or an input (new)."""
    if "axes" in n.attrs:
        return [int(a) for a in n.attrs["axes"]]
    found = s.const(n, index)
    return None if found is None else [int(a) for a in found.reshape(-1)]


def _elementwise(op: str, fold: Callable[..., np.ndarray]) -> Handler:
    def run(s: Importer, n: OnnxNode) -> None:
        if _all_const(s, n):
            s.fold(n, fold(*[s.consts[i] for i in n.inputs]))
        else:
            s.emit(n, op, [s.value(n, i) for i in range(len(n.inputs))])

    return run


for _onnx, _op, _fold in (
    ("Add", "add", np.add),
    ("Sub", "sub", np.subtract),
    ("Mul", "mul", np.multiply),
    ("Div", "div", lambda a, b: a // b if a.dtype.kind == "i" else a / b),
    ("Pow", "pow", np.power),
    ("Relu", "relu", lambda a: np.maximum(a, 0)),
    ("Sigmoid", "sigmoid", lambda a: 1 / (1 + np.exp(-a))),
    ("Tanh", "tanh", np.tanh),
    ("Sqrt", "sqrt", np.sqrt),
    ("Exp", "exp", np.exp),
    ("Log", "log", np.log),
    ("Neg", "neg", np.negative),
    ("Abs", "abs", np.abs),
    ("Floor", "floor", np.floor),
    ("Reciprocal", "reciprocal", np.reciprocal),
    ("Max", "max", np.maximum),
    ("Min", "min", np.minimum),
):
    HANDLERS[_onnx] = _elementwise(_op, _fold)
for _onnx, _op in (("Erf", "erf"), ("HardSwish", "hardswish"), ("Round", "round")):
    HANDLERS[_onnx] = (lambda op: lambda s, n: s.emit(n, op, [s.value(n, 0)]) and None)(_op)


@handler("Constant")
def _constant(s: Importer, n: OnnxNode) -> None:
    if "value" in n.attrs:
        s.fold(n, s._tensor(n.attrs["value"]))
    else:
        key = next(k for k in ("value_float", "value_int", "value_floats", "value_ints") if k in n.attrs)
        s.fold(n, np.asarray(n.attrs[key]))


@handler("ConstantOfShape")
def _constant_of_shape(s: Importer, n: OnnxNode) -> None:
    value = s._tensor(n.attrs["value"]) if "value" in n.attrs else np.zeros(1, np.float32)
    s.fold(n, np.full([int(d) for d in s.const(n, 0)], value.reshape(-1)[0]))


@handler("Shape")
def _shape(s: Importer, n: OnnxNode) -> None:
    found = list(s.consts[n.inputs[0]].shape) if s.is_const(n, 0) else s.shape(n, 0)
    s.fold(n, np.array(found[n.attrs.get("start", 0) : n.attrs.get("end", len(found))], np.int64))


@handler("Identity", "Dropout", "Cast")
def _identity(s: Importer, n: OnnxNode) -> None:
    if s.is_const(n, 0):
        value = s.consts[n.inputs[0]]
        integer = n.op == "Cast" and n.attrs["to"] in (6, 7)
        s.fold(n, value.astype(np.int64) if integer else value)
    else:
        s.alias(n, s.names[n.inputs[0]])


def _fold_only(fold: Callable[..., np.ndarray]) -> Handler:
    """What exporters compute shapes with; never on the network's values."""

    def run(s: Importer, n: OnnxNode) -> None:
        s.fold(n, fold(*[s.const(n, i) for i in range(len(n.inputs))]))

    return run


for _onnx, _fold in (
    ("Equal", np.equal),
    ("Greater", np.greater),
    ("Less", np.less),
    ("Not", np.logical_not),
    ("And", np.logical_and),
    ("Where", np.where),
    ("Mod", np.mod),
):
    HANDLERS[_onnx] = _fold_only(_fold)


@handler("Range")
def _range(s: Importer, n: OnnxNode) -> None:
    s.fold(n, np.arange(*[s.const(n, i).item() for i in range(3)]))


@handler("Expand")
def _expand(s: Importer, n: OnnxNode) -> None:
    target = tuple(int(d) for d in s.const(n, 1))
    if s.is_const(n, 0):
        value = s.consts[n.inputs[0]]
        s.fold(n, np.broadcast_to(value, np.broadcast_shapes(value.shape, target)).copy())
        return
    shape = np.broadcast_shapes(tuple(s.shape(n, 0)), target)
    s.graph.consts[f"ones:{n.name}"] = np.ones(shape, np.float32)
    s.consts[f"ones:{n.name}"] = np.ones(shape, np.float32)
    n.inputs = [n.inputs[0], f"ones:{n.name}"]
    s.emit(n, "mul", [s.value(n, 0), s.value(n, 1)])


def _spatial(s: Importer, n: OnnxNode, kernel: list[int], stride: list[int], dilation: list[int]) -> list[int]:
    """Pads as top, left, bottom, right."""
    if len(kernel) != 2:
        raise s.refuse(n, f"{len(kernel)} spatial axes", "2")
    mode = n.attrs.get("auto_pad", b"NOTSET").decode()
    if mode in ("NOTSET", "VALID"):
        return [0] * 4 if mode == "VALID" else [int(p) for p in n.attrs.get("pads", [0] * 4)]
    pairs = []
    for size, k, st, d in zip(s.shape(n, 0)[2:], kernel, stride, dilation):
        total = max((-(-size // st) - 1) * st + d * (k - 1) + 1 - size, 0)
        small = total // 2
        pairs.append((small, total - small) if mode == "SAME_UPPER" else (total - small, small))
    return [pairs[0][0], pairs[1][0], pairs[0][1], pairs[1][1]]


def _conv1d(s: Importer, n: OnnxNode, weight: np.ndarray) -> None:
    """A convolution over one row."""
    if n.attrs.get("auto_pad", b"NOTSET").decode() not in ("NOTSET", "VALID"):
        raise s.refuse(n, "auto_pad of a one-dimensional convolution", "explicit pads")
    channels, length = s.shape(n, 0)[1:]
    row = s.emit(n, "reshape", [s.value(n, 0)], name=f"{n.name}.row", shape=[channels, 1, length])
    left, right = n.attrs.get("pads", [0, 0])
    out = s.emit(
        n,
        "conv2d",
        [row],
        {"weight": weight[:, :, None], "bias": s.const(n, 2)},
        name=n.name,
        stride=[1, *n.attrs.get("strides", [1])],
        pads=[0, int(left), 0, int(right)],
        dilation=[1, *n.attrs.get("dilations", [1])],
        groups=int(n.attrs.get("group", 1)),
    )
    s.emit(n, "reshape", [out], shape=[weight.shape[0], -1])


@handler("ConvTranspose")
def _conv_transposed(s: Importer, n: OnnxNode) -> None:
    weight = s.const(n, 1)
    if weight.ndim != 4 or "output_shape" in n.attrs or "auto_pad" in n.attrs:
        raise s.refuse(
            n, f"a kernel of shape {weight.shape}, output_shape or auto_pad", "two spatial axes and explicit pads"
        )
    dilation = [int(v) for v in n.attrs.get("dilations", [1, 1])]
    groups = int(n.attrs.get("group", 1))
    pads = transposed_pads(
        list(weight.shape[2:]), dilation, n.attrs.get("pads", [0] * 4), n.attrs.get("output_padding", [0, 0])
    )
    if min(pads) < 0:
        raise s.refuse(n, f"pads {n.attrs['pads']} beyond the kernel", "less")
    stuffed = s.emit(
        n,
        "zero_stuff",
        [s.value(n, 0)],
        name=f"{n.name}.stuffed",
        stride=[int(v) for v in n.attrs.get("strides", [1, 1])],
    )
    s.emit(
        n,
        "conv2d",
        [stuffed],
        {"weight": transposed_weight(weight, groups), "bias": s.const(n, 2)},
        stride=[1, 1],
        pads=pads,
        dilation=dilation,
        groups=groups,
    )


@handler("Conv")
def _conv(s: Importer, n: OnnxNode) -> None:
    weight = s.const(n, 1)
    if weight.ndim == 3:
        _conv1d(s, n, weight)
        return
    kernel = list(weight.shape[2:])
    stride = [int(v) for v in n.attrs.get("strides", [1] * len(kernel))]
    dilation = [int(v) for v in n.attrs.get("dilations", [1] * len(kernel))]
    pads = _spatial(s, n, kernel, stride, dilation)
    s.emit(
        n,
        "conv2d",
        [s.value(n, 0)],
        {"weight": weight, "bias": s.const(n, 2)},
        stride=stride,
        pads=pads,
        dilation=dilation,
        groups=int(n.attrs.get("group", 1)),
    )


@handler("Gemm")
def _gemm(s: Importer, n: OnnxNode) -> None:
    if n.attrs.get("transA", 0):
        raise s.refuse(n, "transA", "the batch first")
    weight = s.const(n, 1) * np.float32(n.attrs.get("alpha", 1.0))
    weight = weight if n.attrs.get("transB", 0) else weight.T
    bias = s.const(n, 2)
    if bias is not None:
        bias = np.broadcast_to(bias.reshape(-1) * np.float32(n.attrs.get("beta", 1.0)), weight.shape[:1]).copy()
    s.emit(n, "linear", [s.value(n, 0)], {"weight": np.ascontiguousarray(weight), "bias": bias})


@handler("MatMul")
def _matmul(s: Importer, n: OnnxNode) -> None:
    if s.is_const(n, 0):
        raise s.refuse(n, "a constant left operand", "the network's values on the left")
    if s.is_const(n, 1) and s.consts[n.inputs[1]].ndim == 2:
        weight = np.ascontiguousarray(s.consts[n.inputs[1]].T)
        s.emit(n, "linear", [s.value(n, 0)], {"weight": weight})
    else:
        s.emit(n, "matmul", [s.value(n, 0), s.value(n, 1)])


@handler("BatchNormalization")
def _batchnorm(s: Importer, n: OnnxNode) -> None:
    gamma, beta, mean, var = (s.const(n, i).astype(np.float64) for i in range(1, 5))
    scale = gamma / np.sqrt(var + n.attrs.get("epsilon", 1e-5))
    s.emit(n, "batchnorm", [s.value(n, 0)], {"scale": scale, "shift": beta - mean * scale})


@handler("LayerNormalization")
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


@handler("MaxPool", "AveragePool")
def _pool(s: Importer, n: OnnxNode) -> None:
    if len(n.outputs) > 1 and n.outputs[1]:
        raise s.refuse(n, "an output of indices", "values only")
    kernel = [int(v) for v in n.attrs["kernel_shape"]]
    stride = [int(v) for v in n.attrs.get("strides", [1] * len(kernel))]
    dilation = [int(v) for v in n.attrs.get("dilations", [1] * len(kernel))]
    common: dict[str, Any] = {
        "kernel": kernel,
        "stride": stride,
        "pads": _spatial(s, n, kernel, stride, dilation),
        "ceil": bool(n.attrs.get("ceil_mode", 0)),
    }
    if n.op == "MaxPool":
        s.emit(n, "maxpool", [s.value(n, 0)], dilation=dilation, **common)
    else:
        s.emit(n, "avgpool", [s.value(n, 0)], count_pad=bool(n.attrs.get("count_include_pad", 0)), **common)


@handler("GlobalAveragePool")
def _global(s: Importer, n: OnnxNode) -> None:
    s.emit(n, "mean", [s.value(n, 0)], axes=list(range(2, len(s.shape(n, 0)))), keepdims=True)


@handler("ReduceMean", "ReduceSum")
def _reduce(s: Importer, n: OnnxNode) -> None:
    axes = _axes(s, n)
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


@handler("Softmax")
def _softmax(s: Importer, n: OnnxNode) -> None:
    shape = s.shape(n, 0)
    axis = int(n.attrs.get("axis", -1 if s.opset >= 13 else 1)) % len(shape)
    if s.opset < 13 and any(d != 1 for d in shape[axis + 1 :]):
        raise s.refuse(n, f"axis {axis} of {shape}, flattened in opset {s.opset}", "the last axis")
    s.emit(n, "softmax", [s.value(n, 0)], axis=axis)


@handler("Clip")
def _clip(s: Importer, n: OnnxNode) -> None:
    low = n.attrs.get("min", s.const(n, 1))
    high = n.attrs.get("max", s.const(n, 2))
    s.emit(
        n, "clip", [s.value(n, 0)], low=None if low is None else float(low), high=None if high is None else float(high)
    )


@handler("LeakyRelu")
def _leaky(s: Importer, n: OnnxNode) -> None:
    s.emit(n, "leaky_relu", [s.value(n, 0)], slope=n.attrs.get("alpha", 0.01))


@handler("LRN")
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


from . import onnx_shapes  # noqa: E402,F401 - registers the operators that only move values
