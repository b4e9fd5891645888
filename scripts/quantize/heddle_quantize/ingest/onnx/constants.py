# SPDX-License-Identifier: Apache-2.0
"""ONNX operators that make constants, or that exporters compute shapes with: all of them are folded."""
from __future__ import annotations

from collections.abc import Callable

import numpy as np

from heddle_quantize.ingest.onnx.importer import Handler, Importer
from heddle_quantize.ingest.onnx.node import OnnxNode


def _constant(s: Importer, n: OnnxNode) -> None:
    if "value" in n.attrs:
        s.fold(n, s.tensor(n.attrs["value"]))
    else:
        key = next(k for k in ("value_float", "value_int", "value_floats", "value_ints") if k in n.attrs)
        s.fold(n, np.asarray(n.attrs[key]))


def _constant_of_shape(s: Importer, n: OnnxNode) -> None:
    value = s.tensor(n.attrs["value"]) if "value" in n.attrs else np.zeros(1, np.float32)
    s.fold(n, np.full([int(d) for d in s.const(n, 0)], value.reshape(-1)[0]))


def _shape(s: Importer, n: OnnxNode) -> None:
    found = list(s.consts[n.inputs[0]].shape) if s.is_const(n, 0) else s.shape(n, 0)
    s.fold(n, np.array(found[n.attrs.get("start", 0) : n.attrs.get("end", len(found))], np.int64))


def _identity(s: Importer, n: OnnxNode) -> None:
    if s.is_const(n, 0):
        value = s.consts[n.inputs[0]]
        integer = n.op == "Cast" and n.attrs["to"] in (6, 7)
        s.fold(n, value.astype(np.int64) if integer else value)
    else:
        s.alias(n, s.names[n.inputs[0]])


def _range(s: Importer, n: OnnxNode) -> None:
    s.fold(n, np.arange(*[s.const(n, i).item() for i in range(3)]))


def _fold_only(fold: Callable[..., np.ndarray]) -> Handler:
    """An operator that exporters use on shapes; values of the network are refused."""

    def run(s: Importer, n: OnnxNode) -> None:
        s.fold(n, fold(*[s.const(n, i) for i in range(len(n.inputs))]))

    return run


HANDLERS: dict[str, Handler] = {
    "Equal": _fold_only(np.equal),
    "Greater": _fold_only(np.greater),
    "Less": _fold_only(np.less),
    "Not": _fold_only(np.logical_not),
    "And": _fold_only(np.logical_and),
    "Where": _fold_only(np.where),
    "Mod": _fold_only(np.mod),
    "Constant": _constant,
    "ConstantOfShape": _constant_of_shape,
    "Shape": _shape,
    "Identity": _identity,
    "Dropout": _identity,
    "Cast": _identity,
    "Range": _range,
}
