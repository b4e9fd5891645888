# SPDX-License-Identifier: Apache-2.0
"""Operations that compute each element by itself. Truth values are 0 and 1 of the operands' type."""
from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F

from heddle_quantize.graph.graph import Node
from heddle_quantize.graph.registry import OPS, OpFn, Tensor, channelwise, op, param


def _elementwise(fn: Callable[..., Tensor]) -> OpFn:
    return lambda node, args: fn(*args)


def _truth(fn: Callable[..., Tensor]) -> OpFn:
    return lambda node, args: fn(*args).to(args[0].dtype)


ELEMENTWISE: dict[str, Callable[..., Any]] = {
    "relu": torch.relu,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "erf": torch.erf,
    "sqrt": torch.sqrt,
    "exp": torch.exp,
    "neg": torch.neg,
    "abs": torch.abs,
    "floor": lambda x: torch.floor(x) if x.is_floating_point() else x,
    "ceil": lambda x: torch.ceil(x) if x.is_floating_point() else x,
    "round": lambda x: torch.round(x) if x.is_floating_point() else x,
    "trunc": lambda x: torch.trunc(x) if x.is_floating_point() else x,
    "sign": torch.sign,
    "silu": F.silu,
    "identity": lambda x: x,
    "reciprocal": torch.reciprocal,
    "log": torch.log,
    "hardswish": F.hardswish,
    "mish": F.mish,
    "softplus": lambda x: F.softplus(x, threshold=700.0),
    "softsign": F.softsign,
    "sin": torch.sin,
    "cos": torch.cos,
    "tan": torch.tan,
    "asin": torch.asin,
    "acos": torch.acos,
    "atan": torch.atan,
    "sinh": torch.sinh,
    "cosh": torch.cosh,
    "asinh": torch.asinh,
    "acosh": torch.acosh,
    "atanh": torch.atanh,
    "add": torch.add,
    "sub": torch.sub,
    "mul": torch.mul,
    "div": torch.div,
    "div_trunc": lambda a, b: torch.div(a, b, rounding_mode="trunc"),
    "div_floor": lambda a, b: torch.div(a, b, rounding_mode="floor"),
    "fmod": torch.fmod,
    "remainder": torch.remainder,
    "pow": torch.pow,
    "max": torch.maximum,
    "min": torch.minimum,
}
OPS.update({name: _elementwise(fn) for name, fn in ELEMENTWISE.items()})

TRUTHS: dict[str, Callable[..., Tensor]] = {
    "equal": torch.eq,
    "greater": torch.gt,
    "greater_equal": torch.ge,
    "less": torch.lt,
    "less_equal": torch.le,
    "and": lambda a, b: (a != 0) & (b != 0),
    "or": lambda a, b: (a != 0) | (b != 0),
    "xor": lambda a, b: (a != 0) ^ (b != 0),
    "not": lambda a: a == 0,
    "nonzero": lambda a: a != 0,
    "isnan": torch.isnan,
}
OPS.update({name: _truth(fn) for name, fn in TRUTHS.items()})


@op("where")
def _where(node: Node, args: list[Tensor]) -> Tensor:
    return torch.where(args[0] != 0, args[1], args[2])


@op("isinf")
def _isinf(node: Node, args: list[Tensor]) -> Tensor:
    x = args[0]
    found = (torch.isposinf(x) & bool(node.attrs["positive"])) | (torch.isneginf(x) & bool(node.attrs["negative"]))
    return found.to(x.dtype)


@op("hardsigmoid")
def _hardsigmoid(node: Node, args: list[Tensor]) -> Tensor:
    return torch.clamp(node.attrs.get("alpha", 1 / 6) * args[0] + node.attrs.get("beta", 0.5), 0, 1)


@op("prelu")
def _prelu(node: Node, args: list[Tensor]) -> Tensor:
    return torch.where(args[0] < 0, args[1] * args[0], args[0])


@op("elu")
def _elu(node: Node, args: list[Tensor]) -> Tensor:
    """gamma * x above zero, gamma * alpha * (exp(x / rate) - 1) below: ELU, SELU and CELU."""
    x, a = args[0], node.attrs
    below = a.get("alpha", 1.0) * torch.expm1(torch.clamp(x, max=0) / a.get("rate", 1.0))
    return a.get("gamma", 1.0) * torch.where(x > 0, x, below)


@op("thresholded_relu")
def _thresholded(node: Node, args: list[Tensor]) -> Tensor:
    return torch.where(args[0] > node.attrs["alpha"], args[0], torch.zeros_like(args[0]))


@op("shrink")
def _shrink(node: Node, args: list[Tensor]) -> Tensor:
    x, limit, bias = args[0], node.attrs["limit"], node.attrs["bias"]
    return torch.where(x < -limit, x + bias, torch.where(x > limit, x - bias, torch.zeros_like(x)))


@op("wrap")
def _wrap(node: Node, args: list[Tensor]) -> Tensor:
    """An integer as a narrower type holds it: modulo 2^bits."""
    bits, low = node.attrs["bits"], -(2 ** (node.attrs["bits"] - 1)) if node.attrs["signed"] else 0
    return torch.remainder(args[0] - low, 2**bits) + low


@op("half")
def _half(node: Node, args: list[Tensor]) -> Tensor:
    """Rounded to a 16-bit floating-point type."""
    kind = torch.bfloat16 if node.attrs["brain"] else torch.float16
    return args[0].to(kind).to(args[0].dtype)


@op("gelu")
def _gelu(node: Node, args: list[Tensor]) -> Tensor:
    x = args[0]
    if node.attrs.get("approximate", "none") == "tanh":
        inner = math.sqrt(2.0 / math.pi) * (x + 0.044715 * x**3)
        return 0.5 * x * (1.0 + torch.tanh(inner))
    return 0.5 * x * (1.0 + torch.erf(x / math.sqrt(2.0)))


@op("clip")
def _clip(node: Node, args: list[Tensor]) -> Tensor:
    low, high = node.attrs.get("low"), node.attrs.get("high")
    x = args[0] if low is None else torch.clamp(args[0], min=low)
    return x if high is None else torch.clamp(x, max=high)


@op("leaky_relu")
def _leaky_relu(node: Node, args: list[Tensor]) -> Tensor:
    return F.leaky_relu(args[0], node.attrs.get("slope", 0.01))


@op("requant")
def _requant(node: Node, args: list[Tensor]) -> Tensor:
    """Rounds to codes in [low, high] around `zero`; values stay relative to `zero`.

    `rounding` is half_up or half_away (from zero, of the code itself). With `float32` the product
    with the multiplier is rounded to single precision, as TFLite emulations compute it.
    """
    x = args[0]
    multiplier = param(node, "multiplier", x)
    if multiplier is not None:
        factor = multiplier if multiplier.numel() == 1 else channelwise(multiplier, x)
        single = node.attrs.get("float32", False)
        x = (x.float() * factor.float()).to(x.dtype) if single else x * factor
    zero = node.attrs.get("zero", 0)
    if node.attrs.get("rounding", "half_up") == "half_away":
        codes = torch.sign(x + zero) * torch.floor(torch.abs(x + zero) + 0.5)
    else:
        codes = torch.floor(x + 0.5) + zero
    return torch.clamp(codes, node.attrs["low"], node.attrs["high"]) - zero


@op("qadd")
def _qadd(node: Node, args: list[Tensor]) -> Tensor:
    """Sum of two integers of different scales, each times its own factor."""
    first, second = node.attrs["factors"]
    return args[0] * first + args[1] * second


@op("thresholds")
def _thresholds(node: Node, args: list[Tensor]) -> Tensor:
    """`base` plus the number of a channel's thresholds that factor * x exceeds."""
    x = args[0] * node.attrs.get("factor", 1)
    limits = param(node, "thresholds", x)
    assert limits is not None
    out = torch.full_like(x, float(node.attrs["base"]))
    for i in range(limits.shape[1]):
        out = out + (x > channelwise(limits[:, i], x)).to(x.dtype)
    return out
