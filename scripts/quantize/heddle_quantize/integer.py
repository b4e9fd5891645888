# SPDX-License-Identifier: Apache-2.0
"""Array operations in exact integer arithmetic, and their cheaper fake-quantised twin.

Codes live in floating tensors. oneDNN's float32 convolution is an order of magnitude faster than
float64 and exact as long as no partial sum reaches 2^24, so operands are cut into digits small
enough for that, and the digit products are added up in float64 (exact below 2^53).
"""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

from . import ops
from .errors import BadInput
from .ir import Node
from .quant import LayerQuant, Plan, QParams, quantize

Tensor = torch.Tensor
FLOAT32_EXACT = 1 << 24
FLOAT64_EXACT = 1 << 53
WEIGHT_DIGIT_BITS = 8


def _digits(codes: Tensor, bits: int) -> list[tuple[Tensor, float]]:
    """Codes as sums of digit * weight, digits in [0, 2^bits) but for the signed top one."""
    out: list[tuple[Tensor, float]] = []
    rest, weight, base = codes, 1.0, float(1 << bits)
    while True:
        if rest.numel() == 0 or float(rest.abs().max()) < base:
            out.append((rest, weight))
            return out
        high = torch.floor(rest / base)
        out.append((rest - high * base, weight))
        rest, weight = high, weight * base


def exact_conv(x: Tensor, w: Tensor, stride: list[int], dilation: list[int], groups: int) -> Tensor:
    """Convolution of integers (unpadded), exact; raises if a sum could reach 2^53."""
    total = float(w.abs().flatten(1).sum(1).max()) * float(x.abs().max()) if x.numel() else 0.0
    if total >= FLOAT64_EXACT:
        raise BadInput("integer convolution", f"sums up to {total:.3g}", "below 2^53")
    fn = lambda a, b: F.conv2d(a, b, None, stride, 0, dilation, groups)  # noqa: E731
    if total < FLOAT32_EXACT:
        return fn(x.float(), w.float()).double()
    result: Tensor | None = None
    for w_digit, w_weight in _digits(w, WEIGHT_DIGIT_BITS):
        room = FLOAT32_EXACT / max(1.0, float(w_digit.abs().flatten(1).sum(1).max()))
        bits = int(np.floor(np.log2(room)))
        if bits < 1:
            return fn(x.double(), w.double())
        for x_digit, x_weight in _digits(x, bits):
            part = fn(x_digit.float(), w_digit.float()).double() * (w_weight * x_weight)
            result = part if result is None else result + part
    assert result is not None
    return result


def exact_linear(x: Tensor, w: Tensor) -> Tensor:
    """(..., C) by (K, C), through a 1x1 convolution because that is where the fast kernel is."""
    flat = x.reshape(1, -1, x.shape[-1]).transpose(1, 2).unsqueeze(-1)
    out = exact_conv(flat.contiguous(), w[:, :, None, None].contiguous(), [1, 1], [1, 1], 1)
    return out[0, :, :, 0].transpose(0, 1).reshape(x.shape[:-1] + (w.shape[0],))


def exact_matmul(a: Tensor, b: Tensor) -> Tensor:
    """Batched product of integers in float64."""
    bound = float(a.abs().max()) * float(b.abs().max()) * a.shape[-1] if a.numel() else 0.0
    if bound >= FLOAT64_EXACT:
        raise BadInput("integer matrix product", f"sums up to {bound:.3g}", "below 2^53")
    return torch.matmul(a.double(), b.double())


@dataclass
class LayerRun:
    """What an array operation saw and made; `acc` are sums of raw code products plus `bias`."""

    act: Tensor
    weight: Tensor
    acc: Tensor
    bias: np.ndarray | None


def bias_units(node: Node, quant: LayerQuant) -> np.ndarray | None:
    """The bias in accumulator units, ties to even; no zero-point correction."""
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
            raise BadInput(f"node '{node.id}'", "no quantisation", "one entry an array operation")
        return self.plan.layers[node.id]

    def weight_codes(self, node: Node) -> Tensor:
        if node.id not in self._weights:
            value = torch.from_numpy(node.params["weight"]).double()
            self._weights[node.id] = quantize(value, self.layer(node).weight)
        return self._weights[node.id]

    def bias_codes(self, node: Node) -> np.ndarray | None:
        """Bias in accumulator units, corrected for the activations' zero point.

        With codes a and w and zero points za and zw, the sum of (a-za)(w-zw) is the sum of a*w
        less za*sum(w) (constant: goes here) less zw*sum(a) + n*za*zw (data: see `_correction`).
        """
        quant = self.layer(node)
        codes = bias_units(node, quant)
        zero = quant.act.zero_point
        if codes is None and zero == 0:
            return None
        if codes is None:
            codes = np.zeros(node.params["weight"].shape[0])
        if zero:
            codes = codes - zero * self.weight_codes(node).flatten(1).sum(1).numpy()
        return codes.astype(np.int64)

    def __call__(self, node: Node, args: list[Tensor]) -> Tensor:
        quant = self.layer(node)
        act = quantize(args[0].double(), quant.act)
        if node.op == "matmul":
            return self._matmul(node, act, quantize(args[1].double(), quant.weight), quant)
        weight = self.weight_codes(node)
        bias = self.bias_codes(node)
        if node.op == "conv2d":
            padded = ops.pad_spatial(act, node.attrs["pads"], float(quant.act.zero_point))
            product = self._conv(node, padded)
            acc = product(weight)
        else:
            product = lambda w: exact_linear(act, w)  # noqa: E731
            acc = product(weight)
        axis = 1 if node.op == "conv2d" else acc.dim() - 1
        if bias is not None:
            acc = acc + _along(torch.from_numpy(bias).double(), acc, axis)
        if self.record is not None:
            self.record[node.id] = LayerRun(act, weight, acc, bias)
        real = acc
        if quant.weight.zero_point:
            real = acc - _correction(quant, weight, product)
        return real * _along(self._unit(quant), acc, axis)

    @staticmethod
    def _conv(node: Node, padded: Tensor) -> Callable[[Tensor], Tensor]:
        return lambda w: exact_conv(padded, w, node.attrs["stride"], node.attrs["dilation"], node.attrs["groups"])

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


def _along(value: Tensor, like: Tensor, axis: int) -> Tensor:
    shape = [1] * like.dim()
    shape[axis] = -1
    return value.reshape(shape)


def _correction(quant: LayerQuant, weight: Tensor, product: Callable[[Tensor], Tensor]) -> Tensor:
    """zw * (sum of activations - n*za) of every window; padding holds za and so adds nothing."""
    zw, za = quant.weight.zero_point, quant.act.zero_point
    sums = product(torch.ones_like(weight))
    return zw * (sums - za * weight[0].numel())


def rounded(x: Tensor, q: QParams) -> Tensor:
    """dequantize(quantize(x)) in one buffer: a search spends much of its time here."""
    low, high = q.range()
    scale = q.scale_like(x)
    out = torch.div(x, scale)
    return out.round_().clamp_(low - q.zero_point, high - q.zero_point).mul_(scale)


class FakeArrays:
    """Quantise, dequantise, compute in float: fast, and equal up to floating-point rounding."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._nodes: dict[str, Node] = {}

    def __call__(self, node: Node, args: list[Tensor]) -> Tensor:
        quant = self.plan.layers.get(node.id)
        if quant is None:
            return ops.apply(node, args)
        x = rounded(args[0], quant.act)
        if node.op == "matmul":
            return ops.apply(node, [x, rounded(args[1], quant.weight)])
        if node.id not in self._nodes:
            weight = torch.from_numpy(node.params["weight"]).to(x.dtype)
            params = dict(node.params, weight=rounded(weight, quant.weight).numpy())
            bias = bias_units(node, quant)
            if bias is not None:
                params["bias"] = bias * (quant.act.scale * quant.weight.scale)
            self._nodes[node.id] = Node(node.id, node.op, node.inputs, node.attrs, params)
        return ops.apply(self._nodes[node.id], [x])


__all__ = ["FakeArrays", "IntegerArrays", "LayerRun", "QParams", "exact_conv", "exact_linear", "exact_matmul"]
