# SPDX-License-Identifier: Apache-2.0
"""ONNX losses: exported networks rarely have one, but files of training do."""
from __future__ import annotations

from heddle_quantize.ingest.onnx.importer import Importer
from heddle_quantize.ingest.onnx.node import OnnxNode
from heddle_quantize.ingest.onnx.operator import Operator, operator


def _loss(s: Importer, n: OnnxNode, values: list[str]) -> None:
    word = n.attrs.get("reduction", b"mean").decode()
    if word not in ("none", "mean", "sum"):
        raise s.refuse(n, f"reduction = {word}", "none, mean or sum")
    if not s.graph.whole and word != "none":
        raise s.refuse(n, f"reduction = {word} over the batch", "none")
    s.emit(n, "nll", values, reduction=word, ignore=n.attrs.get("ignore_index"))


def _negative_log_likelihood(s: Importer, n: OnnxNode) -> None:
    _loss(s, n, s.values(n))


def _softmax_cross_entropy(s: Importer, n: OnnxNode) -> None:
    if len(n.outputs) > 1 and n.outputs[1]:
        logs = s.emit(n, "log_softmax", [s.value(n, 0)], position=1, axis=1)
    else:
        logs = s.emit(n, "log_softmax", [s.value(n, 0)], name=f"{n.name}.logs", axis=1)
    _loss(s, n, [logs, *s.values(n)[1:]])


TABLE: dict[str, Operator] = {
    "NegativeLogLikelihoodLoss": operator(
        _negative_log_likelihood, "ignore_index reduction", (2, 3), types="fi", ranks=(2, None)
    ),
    "SoftmaxCrossEntropyLoss": operator(
        _softmax_cross_entropy, "ignore_index reduction", (2, 3), types="fi", ranks=(2, None), outputs=2
    ),
}
