# SPDX-License-Identifier: Apache-2.0
"""ONNX operators that compute each element by itself."""
from __future__ import annotations

from typing import Any

import numpy as np

from heddle_quantize.ingest.onnx.importer import Importer
from heddle_quantize.ingest.onnx.node import OnnxNode
from heddle_quantize.ingest.onnx.operator import Handler, Operator, operator


def _unary(op: str) -> Handler:
    def run(s: Importer, n: OnnxNode) -> None:
        s.emit(n, op, [s.value(n, 0)])

    return run


def _narrow(s: Importer, n: OnnxNode, op: str, values: list[str]) -> None:
    """Arithmetic on integers of 8 and 16 bits wraps."""
    kind = s.dtype(n)
    if kind.kind in "iu" and kind.itemsize < 4:
        wide = s.emit(n, op, values, name=f"{n.name}.wide", dtype=np.int64)
        s.emit(n, "wrap", [wide], dtype=kind, bits=8 * kind.itemsize, signed=kind.kind == "i")
    else:
        s.emit(n, op, values)


def _arithmetic(op: str) -> Handler:
    def run(s: Importer, n: OnnxNode) -> None:
        _narrow(s, n, op, s.values(n))

    return run


def _div(s: Importer, n: OnnxNode) -> None:
    s.emit(n, "div" if s.dtype(n).kind == "f" else "div_trunc", s.values(n))


def _mod(s: Importer, n: OnnxNode) -> None:
    if not n.attrs.get("fmod", 0) and s.dtype(n).kind == "f":
        raise s.refuse(n, "fmod = 0 of floating-point values", "fmod = 1")
    s.emit(n, "fmod" if n.attrs.get("fmod", 0) else "remainder", s.values(n))


def _pow(s: Importer, n: OnnxNode) -> None:
    """Of an integer base the result is an integer, cut off behind the point."""
    base = s.dtype(n)
    if base.kind == "f":
        s.emit(n, "pow", s.values(n))
        return
    real = s.emit(n, "identity", [s.value(n, 0)], name=f"{n.name}.base", dtype=np.float64)
    power = s.emit(n, "identity", [s.value(n, 1)], name=f"{n.name}.exponent", dtype=np.float64)
    raised = s.emit(n, "pow", [real, power], name=f"{n.name}.raised")
    s.emit(n, "trunc", [raised], dtype=base)


def _chain(op: str) -> Handler:
    """An operator of any number of inputs, two at a time."""

    def run(s: Importer, n: OnnxNode) -> None:
        values = s.values(n)
        if len(values) == 1:
            s.alias(n, values[0])
            return
        so_far = values[0]
        for i, value in enumerate(values[1:-1], 1):
            so_far = s.emit(n, op, [so_far, value], name=f"{n.name}.{i}")
        s.emit(n, op, [so_far, values[-1]])

    return run


def _mean(s: Importer, n: OnnxNode) -> None:
    values = s.values(n)
    so_far = values[0]
    for i, value in enumerate(values[1:], 1):
        so_far = s.emit(n, "add", [so_far, value], name=f"{n.name}.{i}")
    count = s.constant(n, np.array(len(values), np.float32), "count")
    s.emit(n, "div", [so_far, count])


def _truth(op: str) -> Handler:
    def run(s: Importer, n: OnnxNode) -> None:
        s.emit(n, op, s.values(n), dtype=np.bool_)

    return run


def _isinf(s: Importer, n: OnnxNode) -> None:
    a = n.attrs
    s.emit(
        n,
        "isinf",
        s.values(n),
        dtype=np.bool_,
        positive=bool(a.get("detect_positive", 1)),
        negative=bool(a.get("detect_negative", 1)),
    )


def _where(s: Importer, n: OnnxNode) -> None:
    s.emit(n, "where", s.values(n), dtype=s.dtype(n, 1))


def _clip(s: Importer, n: OnnxNode) -> None:
    """Bounds are attributes, constants, or computed; a bound below the other wins as ONNX says: the upper one."""
    if any(s.given(n, i) and not s.is_const(n, i) for i in (1, 2)):
        value = s.value(n, 0)
        if s.given(n, 1):
            value = s.emit(n, "max", [value, s.value(n, 1)], name=f"{n.name}.low" if s.given(n, 2) else None)
        if s.given(n, 2):
            s.emit(n, "min", [value, s.value(n, 2)])
        return
    low = n.attrs.get("min", s.const(n, 1))
    high = n.attrs.get("max", s.const(n, 2))
    whole = int if s.dtype(n).kind in "iu" else float
    s.emit(
        n, "clip", [s.value(n, 0)], low=None if low is None else whole(low), high=None if high is None else whole(high)
    )


def _prelu(s: Importer, n: OnnxNode) -> None:
    """The slope broadcasts from the last axis on, or, older files, has one number per channel."""
    slope, x = s.value(n, 1), s.shape(n, 0)
    shape = s.shape_of(slope)
    if len(shape) == 1 and len(x) > 2 and shape[0] not in (1, x[-1]) and shape[0] == x[1]:
        table = s.const(n, 1)
        slope = s.constant(n, table.reshape((-1,) + (1,) * (len(x) - 2)), "slope")
    s.emit(n, "prelu", [s.value(n, 0), slope])


def _shaped(op: str, renamed: dict[str, tuple[str, float]]) -> Handler:
    """An activation with numbers: graph attribute from (ONNX attribute, its default)."""

    def run(s: Importer, n: OnnxNode) -> None:
        given: dict[str, Any] = {key: float(n.attrs.get(name, default)) for key, (name, default) in renamed.items()}
        s.emit(n, op, [s.value(n, 0)], **given)

    return run


def _celu(s: Importer, n: OnnxNode) -> None:
    alpha = float(n.attrs.get("alpha", 1.0))
    s.emit(n, "elu", [s.value(n, 0)], alpha=alpha, rate=alpha)


def _gelu(s: Importer, n: OnnxNode) -> None:
    mode = n.attrs.get("approximate", b"none").decode()
    if mode not in ("none", "tanh"):
        raise s.refuse(n, f"approximate = {mode}", "none or tanh")
    s.emit(n, "gelu", [s.value(n, 0)], approximate=mode)


def _bit_shift(s: Importer, n: OnnxNode) -> None:
    kind, left = s.dtype(n), n.attrs["direction"] == b"LEFT"
    two = s.constant(n, np.array(2, np.float64), "two")
    count = s.emit(n, "identity", [s.value(n, 1)], name=f"{n.name}.count", dtype=np.float64)
    factor = s.emit(n, "pow", [two, count], name=f"{n.name}.factor", dtype=np.float64)
    if left:
        wide = s.emit(n, "mul", [s.value(n, 0), factor], name=f"{n.name}.wide", dtype=np.float64)
        s.emit(n, "wrap", [wide], dtype=kind, bits=8 * kind.itemsize, signed=False)
    else:
        s.emit(n, "div_floor", [s.value(n, 0), factor], dtype=kind)


UNARY = {
    "Exp": "exp",
    "Log": "log",
    "Sqrt": "sqrt",
    "Reciprocal": "reciprocal",
    "Sigmoid": "sigmoid",
    "Tanh": "tanh",
    "Erf": "erf",
    "HardSwish": "hardswish",
    "Mish": "mish",
    "Softplus": "softplus",
    "Softsign": "softsign",
    "Floor": "floor",
    "Ceil": "ceil",
    "Round": "round",
    "Sin": "sin",
    "Cos": "cos",
    "Tan": "tan",
    "Asin": "asin",
    "Acos": "acos",
    "Atan": "atan",
    "Sinh": "sinh",
    "Cosh": "cosh",
    "Asinh": "asinh",
    "Acosh": "acosh",
    "Atanh": "atanh",
}
SIGNED = {"Neg": "neg", "Abs": "abs", "Sign": "sign", "Relu": "relu"}
COMPARED = {
    "Equal": "equal",
    "Greater": "greater",
    "GreaterOrEqual": "greater_equal",
    "Less": "less",
    "LessOrEqual": "less_equal",
}
LOGIC = {"And": "and", "Or": "or", "Xor": "xor"}
ANY_NUMBER = (1, None)

TABLE: dict[str, Operator] = {
    **{name: operator(_unary(op)) for name, op in UNARY.items()},
    **{name: operator(_unary(op), types="fi") for name, op in SIGNED.items()},
    **{name: operator(_truth(op), "", 2, types="fib") for name, op in COMPARED.items()},
    **{name: operator(_truth(op), "", 2, types="b") for name, op in LOGIC.items()},
    "Not": operator(_truth("not"), types="b"),
    "IsNaN": operator(_truth("isnan")),
    "IsInf": operator(_isinf, "detect_positive detect_negative"),
    "Add": operator(_arithmetic("add"), "", 2, types="fi"),
    "Sub": operator(_arithmetic("sub"), "", 2, types="fi"),
    "Mul": operator(_arithmetic("mul"), "", 2, types="fi"),
    "Div": operator(_div, "", 2, types="fi"),
    "Mod": operator(_mod, "fmod", 2, types="fi"),
    "Pow": operator(_pow, "", 2, types="fi"),
    "BitShift": operator(_bit_shift, "direction", 2, types="i"),
    "Max": operator(_chain("max"), "", ANY_NUMBER, types="fi"),
    "Min": operator(_chain("min"), "", ANY_NUMBER, types="fi"),
    "Sum": operator(_chain("add"), "", ANY_NUMBER),
    "Mean": operator(_mean, "", ANY_NUMBER),
    "Where": operator(_where, "", 3, types="bif"),
    "Clip": operator(_clip, "min max", (1, 3), types="fi"),
    "PRelu": operator(_prelu, "", 2),
    "LeakyRelu": operator(_shaped("leaky_relu", {"slope": ("alpha", 0.01)}), "alpha"),
    "HardSigmoid": operator(_shaped("hardsigmoid", {"alpha": ("alpha", 0.2), "beta": ("beta", 0.5)}), "alpha beta"),
    "Elu": operator(_shaped("elu", {"alpha": ("alpha", 1.0)}), "alpha"),
    "Selu": operator(
        _shaped("elu", {"alpha": ("alpha", 1.6732631921768188), "gamma": ("gamma", 1.0507010221481323)}), "alpha gamma"
    ),
    "Celu": operator(_celu, "alpha"),
    "ThresholdedRelu": operator(_shaped("thresholded_relu", {"alpha": ("alpha", 1.0)}), "alpha"),
    "Shrink": operator(_shaped("shrink", {"limit": ("lambd", 0.5), "bias": ("bias", 0.0)}), "lambd bias", types="fi"),
    "Gelu": operator(_gelu, "approximate", opsets=(20, 21)),
}
