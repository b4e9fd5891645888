# SPDX-License-Identifier: Apache-2.0
"""What each operation computes, in torch. The batch is the first axis of every tensor; constants may lack it."""
from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from heddle_quantize.base.errors import BadInput, unknown_name
from heddle_quantize.formats.uniform import rounded_to_codes
from heddle_quantize.graph.graph import Node

Tensor = torch.Tensor
OpFn = Callable[[Node, list[Tensor]], Tensor]
OPS: dict[str, OpFn] = {}


def op(name: str) -> Callable[[OpFn], OpFn]:
    def register(fn: OpFn) -> OpFn:
        OPS[name] = fn
        return fn

    return register


def param(node: Node, key: str, like: Tensor) -> Tensor | None:
    value = node.params.get(key)
    return None if value is None else torch.from_numpy(np.ascontiguousarray(value)).to(like.dtype)


def channelwise(value: Tensor, like: Tensor) -> Tensor:
    """(C,) reshaped to broadcast along axis 1."""
    return value.reshape((1, -1) + (1,) * (like.dim() - 2))


def pad_spatial(x: Tensor, pads: list[int], value: float = 0.0) -> Tensor:
    """`pads` are top, left, bottom, right, as in the trace format."""
    top, left, bottom, right = pads
    if not any(pads):
        return x
    return F.pad(x, (left, right, top, bottom), value=value)


def apply(node: Node, args: list[Tensor]) -> Tensor:
    fn = OPS.get(node.op)
    if fn is None:
        raise unknown_name(f"node '{node.id}'", "operation", node.op, OPS)
    try:
        return fn(node, args)
    except (RuntimeError, IndexError, ValueError, TypeError) as err:
        shapes = ", ".join(str(tuple(a.shape)) for a in args)
        raise BadInput(
            f"node '{node.id}' ({node.op})",
            f"inputs of shape {shapes}",
            f"shapes the operation takes: {str(err).splitlines()[0]}",
        ) from err


@op("conv2d")
def _conv2d(node: Node, args: list[Tensor]) -> Tensor:
    x = pad_spatial(args[0], node.attrs["pads"])
    weight = param(node, "weight", x)
    assert weight is not None
    return F.conv2d(
        x,
        weight,
        param(node, "bias", x),
        stride=node.attrs["stride"],
        dilation=node.attrs["dilation"],
        groups=node.attrs["groups"],
    )


@op("linear")
def _linear(node: Node, args: list[Tensor]) -> Tensor:
    weight = param(node, "weight", args[0])
    assert weight is not None
    return F.linear(args[0], weight, param(node, "bias", args[0]))


@op("matmul")
def _matmul(node: Node, args: list[Tensor]) -> Tensor:
    return torch.matmul(args[0], args[1])


def _elementwise(fn: Callable[..., Tensor]) -> OpFn:
    return lambda node, args: fn(*args)


ELEMENTWISE: dict[str, Callable[..., Any]] = {
    "relu": torch.relu,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "erf": torch.erf,
    "sqrt": torch.sqrt,
    "exp": torch.exp,
    "neg": torch.neg,
    "abs": torch.abs,
    "floor": torch.floor,
    "round": torch.round,
    "silu": F.silu,
    "identity": lambda x: x,
    "reciprocal": torch.reciprocal,
    "log": torch.log,
    "hardswish": F.hardswish,
    "hardsigmoid": F.hardsigmoid,
    "add": torch.add,
    "sub": torch.sub,
    "mul": torch.mul,
    "div": torch.div,
    "pow": torch.pow,
    "max": torch.maximum,
    "min": torch.minimum,
}
OPS.update({name: _elementwise(fn) for name, fn in ELEMENTWISE.items()})


@op("gelu")
def _gelu(node: Node, args: list[Tensor]) -> Tensor:
    x = args[0]
    if node.attrs.get("approximate", "none") == "tanh":
        inner = math.sqrt(2.0 / math.pi) * (x + 0.044715 * x**3)
        return 0.5 * x * (1.0 + torch.tanh(inner))
    return 0.5 * x * (1.0 + torch.erf(x / math.sqrt(2.0)))


@op("clip")
def _clip(node: Node, args: list[Tensor]) -> Tensor:
    return torch.clamp(args[0], node.attrs.get("low"), node.attrs.get("high"))


@op("leaky_relu")
def _leaky_relu(node: Node, args: list[Tensor]) -> Tensor:
    return F.leaky_relu(args[0], node.attrs.get("slope", 0.01))


@op("softmax")
def _softmax(node: Node, args: list[Tensor]) -> Tensor:
    return torch.softmax(args[0], dim=node.attrs.get("axis", -1))


@op("concat")
def _concat(node: Node, args: list[Tensor]) -> Tensor:
    batch = max(a.shape[0] for a in args)
    # a constant (class token) has a batch of one
    return torch.cat([a.expand((batch,) + a.shape[1:]) for a in args], dim=node.attrs["axis"])


@op("maxpool")
def _maxpool(node: Node, args: list[Tensor]) -> Tensor:
    x = pad_spatial(args[0], node.attrs.get("pads", [0, 0, 0, 0]), -math.inf)
    return F.max_pool2d(
        x,
        node.attrs["kernel"],
        node.attrs["stride"],
        dilation=node.attrs.get("dilation", 1),
        ceil_mode=node.attrs.get("ceil", False),
    )


@op("avgpool")
def _avgpool(node: Node, args: list[Tensor]) -> Tensor:
    pads = node.attrs.get("pads", [0, 0, 0, 0])
    kernel, stride = node.attrs["kernel"], node.attrs["stride"]
    ceil = node.attrs.get("ceil", False)
    if ceil and any(pads):
        raise ValueError("average pooling with padding and ceil mode is not taken in")
    total = F.avg_pool2d(pad_spatial(args[0], pads), kernel, stride, ceil_mode=ceil)
    if any(pads) and not node.attrs.get("count_pad", True):
        ones = pad_spatial(torch.ones_like(args[0][:1, :1]), pads)
        total = total / F.avg_pool2d(ones, kernel, stride)
    return total


@op("mean")
def _mean(node: Node, args: list[Tensor]) -> Tensor:
    return args[0].mean(dim=node.attrs["axes"], keepdim=node.attrs.get("keepdims", True))


@op("sum")
def _sum(node: Node, args: list[Tensor]) -> Tensor:
    return args[0].sum(dim=node.attrs["axes"], keepdim=node.attrs.get("keepdims", True))


@op("batchnorm")
def _batchnorm(node: Node, args: list[Tensor]) -> Tensor:
    scale, shift = param(node, "scale", args[0]), param(node, "shift", args[0])
    assert scale is not None and shift is not None
    return args[0] * channelwise(scale, args[0]) + channelwise(shift, args[0])


@op("layernorm")
def _layernorm(node: Node, args: list[Tensor]) -> Tensor:
    x = args[0]
    return F.layer_norm(x, x.shape[-1:], param(node, "weight", x), param(node, "bias", x), node.attrs.get("eps", 1e-5))


@op("rmsnorm")
def _rmsnorm(node: Node, args: list[Tensor]) -> Tensor:
    x = args[0]
    weight = param(node, "weight", x)
    assert weight is not None
    return x * torch.rsqrt((x * x).mean(-1, keepdim=True) + node.attrs.get("eps", 1e-5)) * weight


@op("lrn")
def _lrn(node: Node, args: list[Tensor]) -> Tensor:
    a = node.attrs
    return F.local_response_norm(args[0], a["size"], a["alpha"], a["beta"], a["bias"])


@op("reshape")
def _reshape(node: Node, args: list[Tensor]) -> Tensor:
    """`shape` leaves out the batch; 0 copies the input's dimension, -1 is inferred."""
    x = args[0]
    if "full" in node.attrs:  # in graphs of one sample, where the batch moved or merged
        return x.reshape(node.attrs["full"])
    shape = [x.shape[i + 1] if n == 0 else n for i, n in enumerate(node.attrs["shape"])]
    return x.reshape([x.shape[0]] + shape)


@op("transpose")
def _transpose(node: Node, args: list[Tensor]) -> Tensor:
    return args[0].permute(node.attrs["perm"])


@op("slice")
def _slice(node: Node, args: list[Tensor]) -> Tensor:
    x = args[0]
    index: list[Any] = [slice(None)] * x.dim()
    for axis, start, stop, step in node.attrs["ranges"]:
        index[axis] = slice(start, stop, step)
    return x[tuple(index)]


@op("select")
def _select(node: Node, args: list[Tensor]) -> Tensor:
    return args[0].select(node.attrs["axis"], node.attrs["index"])


@op("pad")
def _pad(node: Node, args: list[Tensor]) -> Tensor:
    """`pairs` holds (before, after) of every axis, the batch included."""
    flat = [n for pair in reversed(node.attrs["pairs"]) for n in pair]
    return F.pad(args[0], flat, value=node.attrs.get("value", 0.0))


@op("upsample")
def _upsample(node: Node, args: list[Tensor]) -> Tensor:
    mode = node.attrs.get("mode", "nearest")
    extra = {} if mode == "nearest" else {"align_corners": node.attrs.get("align", False)}
    return F.interpolate(args[0], scale_factor=node.attrs["scale"], mode=mode, **extra)


@op("zero_stuff")
def _zero_stuff(node: Node, args: list[Tensor]) -> Tensor:
    """Puts stride-1 zeros between neighbouring rows and columns."""
    x, (sy, sx) = args[0], node.attrs["stride"]
    out = x.new_zeros(x.shape[:2] + ((x.shape[2] - 1) * sy + 1, (x.shape[3] - 1) * sx + 1))
    out[:, :, ::sy, ::sx] = x
    return out


@op("embedding")
def _embedding(node: Node, args: list[Tensor]) -> Tensor:
    weight = torch.from_numpy(node.params["weight"])
    return weight[args[0].long()].to(args[0].dtype)


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


@op("quant")
def _quant(node: Node, args: list[Tensor]) -> Tensor:
    """A quantizer of the network itself: values that the codes stand for."""
    return rounded_to_codes(args[0], node.attrs["quant"])


@op("rope")
def _rope(node: Node, args: list[Tensor]) -> Tensor:
    """Rotary position embedding of neighbouring pairs; cos and sin are (T, d/2)."""
    x = args[0]
    cos, sin = param(node, "cos", x), param(node, "sin", x)
    assert cos is not None and sin is not None
    even, odd = x[..., 0::2], x[..., 1::2]
    turned = torch.stack([even * cos - odd * sin, even * sin + odd * cos], dim=-1)
    return turned.reshape(x.shape)


@op("repeat")
def _repeat(node: Node, args: list[Tensor]) -> Tensor:
    return torch.repeat_interleave(args[0], node.attrs["times"], dim=node.attrs["axis"])
