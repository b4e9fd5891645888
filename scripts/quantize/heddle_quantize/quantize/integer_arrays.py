# SPDX-License-Identifier: Apache-2.0
"""Array operations in exact integer arithmetic."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch

from heddle_quantize.base.errors import BadInput
from heddle_quantize.formats.uniform import QParams, quantize
from heddle_quantize.graph import operations
from heddle_quantize.graph.graph import Node
from heddle_quantize.quantize.exact import Tensor, exact_conv, exact_linear, exact_matmul
from heddle_quantize.quantize.plan import LayerQuant, Plan

PART_VALUES = 1 << 22


@dataclass
class LayerRun:
    """What an array operation saw and made; `acc` are sums of raw code products plus `bias`."""

    act: Tensor
    weight: Tensor
    acc: Tensor
    bias: np.ndarray | None


def bias_units(node: Node, quant: LayerQuant) -> np.ndarray | None:
    """The bias in accumulator units, rounded with ties to even, without a correction for zero points."""
    if "bias" not in node.params:
        return None
    return np.rint(node.params["bias"].astype(np.float64) / (quant.act.scale * quant.weight.scale))


class IntegerArrays:
    """Computes array operations from a plan; `record` collects LayerRuns by node id."""

    def __init__(self, plan: Plan, record: dict[str, LayerRun] | None = None) -> None:
        self.plan = plan
        self.record = record
        self._weights: dict[str, Tensor] = {}

    def layer(self, node: Node) -> LayerQuant:
        if node.id not in self.plan.layers:
            raise BadInput(f"node '{node.id}'", "no quantization", "one entry per array operation")
        return self.plan.layers[node.id]

    def weight_codes(self, node: Node) -> Tensor:
        """Integers of 16 or 32 bits: the codes of all layers stay in memory."""
        if node.id not in self._weights:
            self._weights[node.id] = _codes_in_parts(node.params["weight"], self.layer(node).weight)
        return self._weights[node.id]

    def bias_codes(self, node: Node) -> np.ndarray | None:
        """Bias in accumulator units, corrected for the activations' zero point.

        With codes a and w and zero points za and zw, the sum of (a-za)(w-zw) is the sum of a*w
        less za*sum(w) (constant: goes here) less zw*sum(a) + n*za*zw (data: see `_correction`).
        """
        quant = self.layer(node)
        units = bias_units(node, quant)
        zero = quant.act.zero_point
        if units is None and zero == 0:
            return None
        codes = np.zeros(node.params["weight"].shape[0]) if units is None else units
        if zero:
            codes = codes - zero * self.weight_codes(node).flatten(1).sum(1, dtype=torch.float64).numpy()
        return codes.astype(np.int64)

    def __call__(self, node: Node, args: list[Tensor]) -> Tensor:
        quant = self.layer(node)
        act = quantize(args[0].double(), quant.act)
        if node.op == "matmul":
            return self._matmul(node, act, quantize(args[1].double(), quant.weight), quant)
        stored = self.weight_codes(node)
        weight = stored.float()  # codes of up to 16 bits are exact in single precision
        bias = self.bias_codes(node)
        if node.op == "conv2d":
            padded = operations.pad_spatial(act, node.attrs["pads"], float(quant.act.zero_point))
            product = self._conv(node, padded)
            acc = product(weight)
        else:
            product = self._linear(act)
            acc = product(weight)
        axis = 1 if node.op == "conv2d" else acc.dim() - 1
        if bias is not None:
            acc = acc + _along(torch.from_numpy(bias).double(), acc, axis)
        if self.record is not None:
            self.record[node.id] = LayerRun(act, stored, acc, bias)
        real = acc
        if quant.weight.zero_point:
            real = acc - _correction(quant, weight, product)
        return real * _along(self._unit(quant), acc, axis)

    @staticmethod
    def _conv(node: Node, padded: Tensor) -> Callable[[Tensor], Tensor]:
        return lambda w: exact_conv(padded, w, node.attrs["stride"], node.attrs["dilation"], node.attrs["groups"])

    @staticmethod
    def _linear(act: Tensor) -> Callable[[Tensor], Tensor]:
        return lambda w: exact_linear(act, w)

    @staticmethod
    def _unit(quant: LayerQuant) -> Tensor:
        return torch.from_numpy(np.atleast_1d(quant.act.scale * quant.weight.scale))

    def _matmul(self, node: Node, a: Tensor, b: Tensor, quant: LayerQuant) -> Tensor:
        acc = exact_matmul(a, b)
        if self.record is not None:
            self.record[node.id] = LayerRun(a, b, acc, None)
        za, zb = quant.act.zero_point, quant.weight.zero_point
        real = acc
        if za or zb:
            real = acc - za * b.sum(-2, keepdim=True) - zb * a.sum(-1, keepdim=True)
            real = real + za * zb * a.shape[-1]
        return real * float(quant.act.scale * quant.weight.scale)


def _codes_in_parts(value: np.ndarray, q: QParams) -> Tensor:
    """Codes of weights, some filters at a time: what is computed with is eight times as large as what is kept."""
    low, high = q.range()
    fits = -(1 << 15) <= low and high < 1 << 15
    out = torch.empty(tuple(value.shape), dtype=torch.int16 if fits else torch.int32)
    rows = max(1, PART_VALUES // max(1, value[0].size)) if q.axis in (None, 0) else len(value)
    for start in range(0, len(value), rows):
        part = slice(start, start + rows)
        own = q if q.axis is None or rows >= len(value) else replace(q, scale=q.scale[part])
        out[part] = quantize(torch.from_numpy(np.ascontiguousarray(value[part])).double(), own)
    return out


def _along(value: Tensor, like: Tensor, axis: int) -> Tensor:
    shape = [1] * like.dim()
    shape[axis] = -1
    return value.reshape(shape)


def _correction(quant: LayerQuant, weight: Tensor, product: Callable[[Tensor], Tensor]) -> Tensor:
    """zw * (sum of activations - n*za) of every window; padding holds za and so adds nothing."""
    zw, za = quant.weight.zero_point, quant.act.zero_point
    sums = product(torch.ones_like(weight))
    return zw * (sums - za * weight[0].numel())
