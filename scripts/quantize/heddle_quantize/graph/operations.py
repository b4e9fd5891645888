# SPDX-License-Identifier: Apache-2.0
"""What each operation computes, in torch. The batch is the first axis of every tensor; constants may lack it."""
from __future__ import annotations

import torch
import torch.nn.functional as F

from heddle_quantize.base.errors import BadInput, unknown_name
from heddle_quantize.formats.uniform import dequantize, quantize, rounded_to_codes
from heddle_quantize.graph import ops_elementwise, ops_moving, ops_reducing, ops_resample, ops_windows
from heddle_quantize.graph.graph import Node
from heddle_quantize.graph.registry import OPS, OpFn, Tensor, op, pad_spatial, param

__all__ = ["OPS", "OpFn", "apply", "pad_spatial"]
FAMILIES = (ops_elementwise, ops_moving, ops_reducing, ops_resample, ops_windows)
"""The modules that fill OPS beside this one."""


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


@op("quant")
def _quant(node: Node, args: list[Tensor]) -> Tensor:
    """A quantizer of the network itself: values that the codes stand for."""
    return rounded_to_codes(args[0], node.attrs["quant"], node.attrs.get("rounding", "half_even"))


@op("codes")
def _codes(node: Node, args: list[Tensor]) -> Tensor:
    """The codes of a quantizer of the network itself."""
    x = args[0]
    return quantize(x if x.is_floating_point() else x.double(), node.attrs["quant"])


@op("real")
def _real(node: Node, args: list[Tensor]) -> Tensor:
    """The values that codes stand for."""
    x = args[0]
    return dequantize(x if x.is_floating_point() else x.double(), node.attrs["quant"])


@op("rope")
def _rope(node: Node, args: list[Tensor]) -> Tensor:
    """Rotary position embedding of neighbouring pairs; cos and sin are (T, d/2)."""
    x = args[0]
    cos, sin = param(node, "cos", x), param(node, "sin", x)
    assert cos is not None and sin is not None
    even, odd = x[..., 0::2], x[..., 1::2]
    turned = torch.stack([even * cos - odd * sin, even * sin + odd * cos], dim=-1)
    return turned.reshape(x.shape)
