# SPDX-License-Identifier: Apache-2.0
"""QONNX graphs, whose nodes state how the network is quantized: widths, scales and zero points.

`Quant` is y = (round(clamp(x/s + z, low, high)) - z) * s with ties to even, `BipolarQuant` y = s
where x >= 0 and -s elsewhere. On a constant they make weights; on a computed value they stay.
Every array operation must find one on both operands: nothing is calibrated and nothing is folded.
"""
from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from heddle_quantize.base.errors import BadInput
from heddle_quantize.formats.uniform import QParams, rounded_to_codes
from heddle_quantize.graph.graph import Graph, Node, check_graph, prune
from heddle_quantize.ingest.onnx.importer import Importer
from heddle_quantize.ingest.onnx.ingest_onnx import TABLE, check_batch, load
from heddle_quantize.ingest.onnx.node import OnnxNode
from heddle_quantize.ingest.onnx.operator import Operator, operator
from heddle_quantize.ingest.qonnx import linear_quantizers
from heddle_quantize.ingest.qonnx.expand import EXPANSIONS, expanded
from heddle_quantize.quantize.plan import LayerQuant, Plan

DOMAINS = ("onnx.brevitas", "finn.custom_op.general", "qonnx.custom_op.general")
# Operations that move codes without changing them: an array operation behind them reads the quantizer's codes.
KEEPS_CODES = ("reshape", "transpose", "maxpool", "slice", "select")
BITS_MAX = 16
BIAS_BITS_MAX = 32
ROUNDINGS = {
    "ROUND": "half_even",
    "HALF_EVEN": "half_even",
    "HALF_UP": "half_up",
    "HALF_DOWN": "half_down",
    "CEIL": "ceil",
    "FLOOR": "floor",
    "UP": "up",
    "DOWN": "down",
}
"""QONNX's names, in either case. HALF_UP and HALF_DOWN send ties away from zero and towards it, UP and DOWN all."""


class QonnxImporter(Importer):
    """Also records how values are quantized, by ONNX value and by node of the graph."""

    def __init__(self, model: Any, path: Path) -> None:
        super().__init__(expanded(model), path, TABLE)
        self.weights: dict[str, QParams] = {}  # ONNX constants that a quantizer made
        self.quantized: dict[str, QParams] = {}  # nodes of kind `quant`
        self.codes: dict[str, QParams] = {}  # values that QuantizeLinear makes
        self.plan = Plan({})

    def row(self, node: OnnxNode) -> Operator:
        found = QUANTIZERS.get(node.op) if node.domain in DOMAINS else None
        if found is None and node.domain in ("", "ai.onnx"):
            found = linear_quantizers.ROWS.get(node.op)
        return super().row(node) if found is None else found

    def origin(self, value: str, known: dict[str, QParams]) -> str:
        """The value that this one holds codes of: itself, or what was moved or pooled to make it."""
        by_id = {n.id: n for n in self.graph.nodes}
        keeps = KEEPS_CODES + (("clip",) if known is self.codes else ())
        while value not in known and value in by_id and by_id[value].op in keeps:
            value = by_id[value].inputs[0]
        return value

    def _quantize(self, node: OnnxNode) -> None:
        params = self._bipolar(node) if node.op == "BipolarQuant" else self._uniform(node)
        rounding = self._rounding(node)
        if self.is_const(node, 0):
            value = torch.from_numpy(self.consts[node.inputs[0]]).double()
            if params.bits > BITS_MAX:  # a bias: an integer of the accumulator's width
                self.fold(node, rounded_to_codes(value, _of_shape(params, value), rounding).numpy())
                return
            made = params if params.scale.size == 1 else _per_filter(params, value.shape)
            if made is None:
                raise self.refuse(
                    node,
                    f"scales of shape {params.scale.shape} for a tensor of shape {tuple(value.shape)}",
                    "one, or one per filter",
                )
            self.weights[node.outputs[0]] = made
            self.fold(node, rounded_to_codes(value, made, rounding).numpy())
            return
        if params.scale.size != 1:
            raise self.refuse(node, f"{params.scale.size} scales of an activation", "one")
        ident = self.emit(node, "quant", [self.value(node, 0)], params=None, quant=params, rounding=rounding)
        self.quantized[ident] = params

    def _bipolar(self, node: OnnxNode) -> QParams:
        scale = self._required(node, 1).astype(np.float64)
        self._check_scale(node, scale)
        # -1 and +1 need two bits of a two's complement operand
        return QParams(2, True, scale, container=1, narrow=True, bipolar=True)

    def _uniform(self, node: OnnxNode) -> QParams:
        scale, zero, bits = (self._required(node, i) for i in (1, 2, 3))
        if zero.size != 1 or bits.size != 1:
            raise self.refuse(node, f"{zero.size} zero points, {bits.size} widths", "one of each")
        signed, width = bool(node.attrs.get("signed", 1)), float(bits.reshape(()))
        most = BIAS_BITS_MAX if self._is_bias(node) else BITS_MAX
        if width != int(width) or not (2 if signed else 1) <= width <= most:
            raise self.refuse(node, f"{width:g} bits", f"a whole number up to {most}, from 2 if signed")
        if float(zero.reshape(())) != int(zero.reshape(())):
            raise self.refuse(node, f"zero point {float(zero.reshape(())):g}", "a whole number")
        narrow = bool(node.attrs.get("narrow", 0))
        if narrow and not signed:
            raise self.refuse(node, "a narrow unsigned range", "narrow with signed, or neither")
        self._check_scale(node, scale)
        return QParams(
            int(width), signed, scale.astype(np.float64), int(zero.reshape(())), container=int(width), narrow=narrow
        )

    def _rounding(self, node: OnnxNode) -> str:
        word = node.attrs.get("rounding_mode", b"ROUND").decode("utf-8", "backslashreplace")
        if word.upper() not in ROUNDINGS:
            raise self.refuse(node, f"rounding_mode {word}", ", ".join(ROUNDINGS))
        return ROUNDINGS[word.upper()]

    def _is_bias(self, node: OnnxNode) -> bool:
        """Whether a convolution or product reads the quantized constant as its bias, and nothing else does."""
        users = [u for u in self.model.graph.node if node.outputs[0] in u.input]
        third = all(u.op_type in ("Conv", "Gemm", "ConvTranspose") and u.input[2:] == node.outputs[:1] for u in users)
        return self.is_const(node, 0) and bool(users) and third

    def _required(self, node: OnnxNode, index: int) -> np.ndarray:
        value: np.ndarray | None = self.const(node, index)
        if value is None:
            raise self.refuse(node, f"{index} inputs", "scale and, of a Quant, zero point and width")
        return value

    def _check_scale(self, node: OnnxNode, scale: np.ndarray) -> None:
        if not (np.isfinite(scale).all() and (scale > 0).all()):
            raise self.refuse(node, "a scale that is not above zero", "positive finite scales")

    def taken(self, node: OnnxNode, first: int) -> None:
        """Transposed constants keep their quantization; each array operation gets that of its operands."""
        if node.op == "Transpose" and node.inputs[0] in self.weights:
            params = self.weights[node.inputs[0]]
            if params.axis is not None:
                rank = self.consts[node.inputs[0]].ndim
                order = list(node.attrs.get("perm", range(rank)[::-1]))
                params = replace(params, axis=order.index(params.axis))
            self.weights[node.outputs[0]] = params
        for made in self.graph.nodes[first:]:
            if made.is_array:
                self.plan.layers[made.id] = LayerQuant(self._activation(node, made), self._weight(node, made))
                self._bias_behind(node, made)

    def _bias_behind(self, node: OnnxNode, made: Node) -> None:
        """A bias that is no whole number of accumulator units cannot be one of the trace: an addition behind."""
        bias, quant = made.params.get("bias"), self.plan.layers[made.id]
        if bias is None:
            return
        units = bias.astype(np.float64) / (quant.act.scale * quant.weight.scale)
        if np.abs(units - np.rint(units)).max() <= 1e-3:
            return
        if made is not self.graph.nodes[-1]:
            raise self.refuse(node, "a bias between the units of the accumulator", "whole units, or an Add behind it")
        del made.params["bias"]
        shape = (-1, 1, 1) if made.op == "conv2d" else (-1,)
        value = self.constant(node, bias.reshape(shape).astype(np.float32), "bias")
        self.emit(node, "add", [made.id, value])

    def _activation(self, node: OnnxNode, made: Node) -> QParams:
        return self._operand(node, made.inputs[0])

    def _operand(self, node: OnnxNode, value: str) -> QParams:
        name = self.origin(value, self.quantized)
        if name not in self.quantized:
            raise self.refuse(node, f"an operand made by '{name}'", "one that comes from a quantizer")
        return self.quantized[name]

    def _weight(self, node: OnnxNode, made: Node) -> QParams:
        if made.op == "matmul":
            return self._operand(node, made.inputs[1])
        params = self.weights.get(node.inputs[1])
        if params is None:
            raise self.refuse(node, f"weights '{node.inputs[1]}' without a quantizer", "weights from a quantizer")
        if node.attrs.get("alpha", 1.0) != 1.0:
            raise self.refuse(node, f"alpha {node.attrs['alpha']:g}", "1: codes cannot be scaled")
        if params.axis is None:
            return params
        # the graph keeps filters first; matrix products of ONNX may have them last
        last = node.op == "MatMul" or (node.op == "Gemm" and not node.attrs.get("transB", 0))
        filters = 1 if last else 0
        if params.axis != filters:
            raise self.refuse(node, f"weight scales along axis {params.axis}", "one per filter")
        return replace(params, axis=0)


def _per_filter(params: QParams, shape: torch.Size) -> QParams | None:
    """Scales of shape (K,1,...) or (1,..,K): one along the axis where they are."""
    axes = [i for i, n in enumerate(params.scale.shape) if n != 1]
    sizes = params.scale.shape
    if len(axes) != 1 or len(sizes) != len(shape) or sizes[axes[0]] != shape[axes[0]]:
        return None
    return replace(params, scale=params.scale.reshape(-1), axis=axes[0])


def _of_shape(params: QParams, value: torch.Tensor) -> QParams:
    """Scales of a vector: one, or one for each number."""
    if params.scale.size == 1:
        return params
    return replace(params, scale=params.scale.reshape(-1), axis=value.dim() - 1)


def ingest_qonnx(path: Path) -> tuple[Graph, Plan]:
    """The graph of the file and the quantization of its array operations."""
    importer = QonnxImporter(load(path), path)
    graph = prune(importer.run())
    check_graph(graph)
    if not graph.array_nodes():
        raise BadInput(str(path), "no array operation", "a network with quantized layers")
    check_batch(graph, path)
    return graph, Plan({n.id: importer.plan.layers[n.id] for n in graph.array_nodes()})


def is_quantized(model: Any) -> bool:
    """Whether the file states how it is quantized."""
    own = [n for n in model.graph.node if n.domain in DOMAINS and n.op_type in QUANTIZERS]
    return bool(own) or any(n.op_type in (*linear_quantizers.ROWS, *EXPANSIONS) for n in model.graph.node)


QUANTIZERS = {
    "Quant": operator(QonnxImporter._quantize, "narrow rounding_mode signed", 4, types="f"),
    "IntQuant": operator(QonnxImporter._quantize, "narrow rounding_mode signed", 4, types="f"),
    "BipolarQuant": operator(QonnxImporter._quantize, "", 2, types="f"),
}
