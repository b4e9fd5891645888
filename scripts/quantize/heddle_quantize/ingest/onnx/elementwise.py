# SPDX-License-Identifier: Apache-2.0
"""ONNX operators that compute each element by itself."""
from __future__ import annotations

from collections.abc import Callable

import numpy as np

from heddle_quantize.ingest.onnx.importer import Handler, Importer
from heddle_quantize.ingest.onnx.node import OnnxNode


def _elementwise(op: str, fold: Callable[..., np.ndarray]) -> Handler:
    def run(s: Importer, n: OnnxNode) -> None:
        if s.all_const(n):
            s.fold(n, fold(*[s.consts[i] for i in n.inputs]))
        else:
            s.emit(n, op, [s.value(n, i) for i in range(len(n.inputs))])

    return run


def _clip(s: Importer, n: OnnxNode) -> None:
    low = n.attrs.get("min", s.const(n, 1))
    high = n.attrs.get("max", s.const(n, 2))
    s.emit(
        n, "clip", [s.value(n, 0)], low=None if low is None else float(low), high=None if high is None else float(high)
    )


def _leaky(s: Importer, n: OnnxNode) -> None:
    s.emit(n, "leaky_relu", [s.value(n, 0)], slope=n.attrs.get("alpha", 0.01))


def _computed(op: str) -> Handler:
    """An operator that is never folded."""

    def run(s: Importer, n: OnnxNode) -> None:
        s.emit(n, op, [s.value(n, 0)])

    return run


HANDLERS: dict[str, Handler] = {
    "Add": _elementwise("add", np.add),
    "Sub": _elementwise("sub", np.subtract),
    "Mul": _elementwise("mul", np.multiply),
    "Div": _elementwise("div", lambda a, b: a // b if a.dtype.kind == "i" else a / b),
    "Pow": _elementwise("pow", np.power),
    "Relu": _elementwise("relu", lambda a: np.maximum(a, 0)),
    "Sigmoid": _elementwise("sigmoid", lambda a: 1 / (1 + np.exp(-a))),
    "Tanh": _elementwise("tanh", np.tanh),
    "Sqrt": _elementwise("sqrt", np.sqrt),
    "Exp": _elementwise("exp", np.exp),
    "Log": _elementwise("log", np.log),
    "Neg": _elementwise("neg", np.negative),
    "Abs": _elementwise("abs", np.abs),
    "Floor": _elementwise("floor", np.floor),
    "Reciprocal": _elementwise("reciprocal", np.reciprocal),
    "Max": _elementwise("max", np.maximum),
    "Min": _elementwise("min", np.minimum),
    "Erf": _computed("erf"),
    "HardSwish": _computed("hardswish"),
    "Round": _computed("round"),
    "Clip": _clip,
    "LeakyRelu": _leaky,
}
