# SPDX-License-Identifier: Apache-2.0
"""ONNX operators that pick or place values by index."""
from __future__ import annotations

from typing import Any

import numpy as np

from heddle_quantize.ingest.onnx.importer import Importer
from heddle_quantize.ingest.onnx.node import OnnxNode
from heddle_quantize.ingest.onnx.operator import Operator, operator

ANY = "bif"


def _gather(s: Importer, n: OnnxNode) -> None:
    axis = s.axis(n, 0)
    if s.is_const(n, 0) and not s.is_const(n, 1) and axis == 0:
        table = s.const(n, 0)
        if table.dtype.kind == "f" and table.ndim == 2:
            s.emit(n, "embedding", [s.value(n, 1)], {"weight": table}, dtype=table.dtype)
            return
    if not s.is_const(n, 0) and s.is_const(n, 1) and s.const(n, 1).ndim == 0:
        index, size = int(s.const(n, 1)), s.shape(n, 0)[axis]
        if not -size <= index < size:
            raise s.refuse(n, f"index {index} of {size} values", f"{-size} to {size - 1}")
        s.emit(n, "select", [s.value(n, 0)], axis=axis, index=index % size)
        return
    s.emit(n, "gather", s.values(n), axis=axis)


def _fixes_batch(s: Importer, n: OnnxNode) -> None:
    """Indices that the file states belong to a batch of one."""
    if not s.graph.whole and s.is_const(n, 1) and not s.is_const(n, 0):
        s.graph.single = True


def _gather_elements(s: Importer, n: OnnxNode) -> None:
    _fixes_batch(s, n)
    s.emit(n, "gather_elements", s.values(n), axis=s.axis(n, 0))


def _gather_nd(s: Importer, n: OnnxNode) -> None:
    _fixes_batch(s, n)
    s.emit(n, "gather_nd", s.values(n), batch=int(n.attrs.get("batch_dims", 0)))


def _reduction(s: Importer, n: OnnxNode) -> str:
    kind = n.attrs.get("reduction", b"none").decode()
    if kind not in ("none", "add", "mul", "max", "min"):
        raise s.refuse(n, f"reduction = {kind}", "none, add, mul, max or min")
    return str(kind)


def _scatter_elements(s: Importer, n: OnnxNode) -> None:
    _fixes_batch(s, n)
    s.emit(n, "scatter_elements", s.values(n), axis=s.axis(n, 0), reduction=_reduction(s, n))


def _scatter_nd(s: Importer, n: OnnxNode) -> None:
    """Where an index of the leading axis is fixed, so is the batch."""
    if not s.graph.whole and s.known(s.value(n, 0)) is None:
        s.graph.single = True
    s.emit(n, "scatter_nd", s.values(n), reduction=_reduction(s, n))


def _one_hot(s: Importer, n: OnnxNode) -> None:
    depth = int(np.asarray(s.const(n, 1)).reshape(()))
    axis = s.axis(n, -1, len(s.shape(n, 0)) + 1)
    s.emit(n, "one_hot", [s.value(n, 0), s.value(n, 2)], depth=depth, axis=axis, dtype=s.dtype(n, 2))


def _compress(s: Importer, n: OnnxNode) -> None:
    chosen = np.flatnonzero(s.const(n, 1)).astype(np.int64)
    value = s.value(n, 0)
    if "axis" in n.attrs:
        axis = s.axis(n, 0)
    else:
        if not s.graph.whole and s.known(value) is None:
            raise s.refuse(n, "no axis, which merges the batch with others", "an axis")
        value, axis = s.emit(n, "reshape", [value], name=f"{n.name}.flat", full=[-1]), 0
    s.emit(n, "gather", [value, s.constant(n, chosen, "chosen")], axis=axis)


def _topk(s: Importer, n: OnnxNode) -> None:
    k = int(np.asarray(n.attrs["k"] if "k" in n.attrs else s.const(n, 1)).reshape(-1)[0])
    if not bool(n.attrs.get("sorted", 1)):
        raise s.refuse(n, "sorted = 0, which leaves the order open", "sorted = 1")
    how: dict[str, Any] = {"axis": s.axis(n, -1), "k": k, "greatest": bool(n.attrs.get("largest", 1))}
    for position, dtype in enumerate((s.dtype(n), np.dtype(np.int64))):
        if position < len(n.outputs) and n.outputs[position]:
            s.emit(n, "topk", [s.value(n, 0)], position=position, dtype=dtype, positions=position == 1, **how)


TABLE: dict[str, Operator] = {
    "Gather": operator(_gather, "axis", 2, types=ANY, ranks=(1, None)),
    "GatherElements": operator(_gather_elements, "axis", 2, types=ANY, ranks=(1, None)),
    "GatherND": operator(_gather_nd, "batch_dims", 2, types=ANY, ranks=(1, None)),
    "Scatter": operator(_scatter_elements, "axis", 3, types=ANY, ranks=(1, None)),
    "ScatterElements": operator(_scatter_elements, "axis reduction", 3, types=ANY, ranks=(1, None)),
    "ScatterND": operator(_scatter_nd, "reduction", 3, types=ANY, ranks=(1, None)),
    "OneHot": operator(_one_hot, "axis", 3, types=ANY),
    "Compress": operator(_compress, "axis", 2, types=ANY, ranks=(1, None)),
    "TopK": operator(_topk, "axis k largest sorted", (1, 2), types="fi", ranks=(1, None), outputs=2),
}
