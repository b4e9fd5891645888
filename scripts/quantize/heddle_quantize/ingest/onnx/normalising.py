# SPDX-License-Identifier: Apache-2.0
"""ONNX operators that normalise."""
from __future__ import annotations

import numpy as np

from heddle_quantize.ingest.onnx.importer import Importer
from heddle_quantize.ingest.onnx.node import OnnxNode
from heddle_quantize.ingest.onnx.operator import Operator, operator


def _batchnorm(s: Importer, n: OnnxNode) -> None:
    """With the statistics of training; those of the batch at hand cannot be folded."""
    if n.attrs.get("training_mode", 0) or (s.opset < 14 and sum(bool(o) for o in n.outputs) > 1):
        raise s.refuse(
            n,
            "training mode, which normalises with the statistics of the batch",
            "a network in its evaluation mode (model.eval() before the export)",
        )
    if not n.attrs.get("spatial", 1):
        raise s.refuse(n, "spatial = 0, statistics for every position", "statistics for every channel")
    gamma, beta, mean, var = (s.const(n, i).astype(np.float64) for i in range(1, 5))
    scale = gamma / np.sqrt(var + n.attrs.get("epsilon", 1e-5))
    params = {"scale": scale, "shift": beta - mean * scale}
    s.emit(n, "batchnorm", [s.value(n, 0)], params, rank=len(s.shape(n, 0)))


def _layernorm(s: Importer, n: OnnxNode) -> None:
    shape = s.shape(n, 0)
    axis = s.axis(n, -1)
    if axis == 0 and not s.graph.whole:
        raise s.refuse(n, "axis 0", "axes behind the batch")
    if n.attrs.get("stash_type", 1) != 1:
        raise s.refuse(n, f"stash_type = {n.attrs['stash_type']}", "1, single precision")
    params = {"weight": s.const(n, 1), "bias": s.const(n, 2)}
    eps = float(n.attrs.get("epsilon", 1e-5))
    s.emit(n, "layernorm", [s.value(n, 0)], params, axes=len(shape) - axis, eps=eps)
    for position, kind in ((1, "mean"), (2, "inverse_deviation")):
        if position < len(n.outputs) and n.outputs[position]:
            s.emit(
                n, "moment", [s.value(n, 0)], position=position, kind=kind, axes=list(range(axis, len(shape))), eps=eps
            )


def _instance_norm(s: Importer, n: OnnxNode) -> None:
    groups = s.shape(n, 0)[1]
    params = {"weight": s.const(n, 1), "bias": s.const(n, 2)}
    s.emit(n, "groupnorm", [s.value(n, 0)], params, groups=groups, eps=float(n.attrs.get("epsilon", 1e-5)))


def _group_norm(s: Importer, n: OnnxNode) -> None:
    """One scale per channel, or, below opset 21, one per group."""
    channels, groups = s.shape(n, 0)[1], int(n.attrs["num_groups"])
    if groups < 1 or channels % groups or n.attrs.get("stash_type", 1) != 1:
        raise s.refuse(n, f"{groups} groups of {channels} channels", "a divisor, and single precision")
    params: dict[str, np.ndarray | None] = {}
    for key, index in (("weight", 1), ("bias", 2)):
        value = s.const(n, index).reshape(-1)
        if value.size != (channels if s.opset >= 21 else groups):
            raise s.refuse(n, f"{value.size} numbers as {key}", f"{channels if s.opset >= 21 else groups}")
        params[key] = np.repeat(value, channels // value.size)
    s.emit(n, "groupnorm", [s.value(n, 0)], params, groups=groups, eps=float(n.attrs.get("epsilon", 1e-5)))


def _lrn(s: Importer, n: OnnxNode) -> None:
    s.emit(
        n,
        "lrn",
        [s.value(n, 0)],
        size=int(n.attrs["size"]),
        alpha=float(n.attrs.get("alpha", 1e-4)),
        beta=float(n.attrs.get("beta", 0.75)),
        bias=float(n.attrs.get("bias", 1.0)),
    )


def _standardise(s: Importer, n: OnnxNode) -> None:
    axes = [int(a) for a in n.attrs.get("axes", [0, 2, 3])]
    if 0 in axes and not s.graph.whole:
        raise s.refuse(n, "statistics over the batch", "axes behind the batch")
    s.emit(n, "standardise", [s.value(n, 0)], axes=axes, eps=1e-9)


def _lp_norm(s: Importer, n: OnnxNode) -> None:
    s.emit(n, "lpnorm", [s.value(n, 0)], axis=s.axis(n, -1), power=int(n.attrs.get("p", 2)))


TABLE: dict[str, Operator] = {
    # momentum only moves the statistics of training
    "BatchNormalization": operator(_batchnorm, "epsilon momentum spatial training_mode", 5, ranks=(2, None)),
    "LayerNormalization": operator(_layernorm, "axis epsilon stash_type", (2, 3), opsets=(17, 21), outputs=3),
    "InstanceNormalization": operator(_instance_norm, "epsilon", 3, ranks=(3, None)),
    "GroupNormalization": operator(_group_norm, "epsilon num_groups stash_type", 3, ranks=(3, None), opsets=(18, 21)),
    "LRN": operator(_lrn, "alpha beta bias size", ranks=(3, None)),
    "MeanVarianceNormalization": operator(_standardise, "axes"),
    "LpNormalization": operator(_lp_norm, "axis p", ranks=(1, None)),
}
