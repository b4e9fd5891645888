# SPDX-License-Identifier: Apache-2.0
"""Pooling over windows of one to three axes, and the windows themselves as rows of a matrix.

`pads` of n axes are the n numbers in front, then the n behind: top, left, bottom, right of an image.
"""
from __future__ import annotations

import math

import torch
import torch.nn.functional as F

from heddle_quantize.graph.graph import Node
from heddle_quantize.graph.registry import Tensor, op


def _outputs(size: int, kernel: int, stride: int, front: int, behind: int, ceil: bool) -> int:
    """Positions of a window; with `ceil` also a partial one, unless it starts in the padding behind the image."""
    room = size + front + behind - kernel
    count = (-(-room // stride) if ceil else room // stride) + 1
    if ceil and (count - 1) * stride >= size + front:
        count -= 1
    return count


def _extended(node: Node, x: Tensor) -> tuple[list[int], list[int]]:
    """Padding in front and behind with which the windows end exactly where the last one ends."""
    kernel, stride = node.attrs["kernel"], node.attrs["stride"]
    n = len(kernel)
    pads = node.attrs.get("pads") or [0] * (2 * n)
    dilation = node.attrs.get("dilation") or [1] * n
    front, behind = list(pads[:n]), []
    for i, size in enumerate(x.shape[2:]):
        reach = (kernel[i] - 1) * dilation[i] + 1
        count = _outputs(size, reach, stride[i], pads[i], pads[n + i], node.attrs.get("ceil", False))
        if count < 1:
            raise ValueError(f"a window of {reach} over {size} values and pads {pads[i]}, {pads[n + i]}")
        behind.append((count - 1) * stride[i] + reach - size - pads[i])
    return front, behind


def _pad(x: Tensor, front: list[int], behind: list[int], value: float) -> Tensor:
    flat = [v for pair in reversed(list(zip(front, behind))) for v in pair]
    return F.pad(x, flat, value=value) if any(flat) else x


@op("maxpool")
def _maxpool(node: Node, args: list[Tensor]) -> Tensor:
    x = _pad(args[0], *_extended(node, args[0]), -math.inf)
    kernel = node.attrs["kernel"]
    pool = (F.max_pool1d, F.max_pool2d, F.max_pool3d)[len(kernel) - 1]
    out: Tensor = pool(x, kernel, node.attrs["stride"], dilation=node.attrs.get("dilation") or [1] * len(kernel))
    return out


def _window_sums(node: Node, x: Tensor) -> Tensor:
    """Sums of the windows of `x`, which is padded already."""
    kernel, stride = node.attrs["kernel"], node.attrs["stride"]
    dilation = node.attrs.get("dilation") or [1] * len(kernel)
    for i, (k, s, d) in enumerate(zip(kernel, stride, dilation)):
        x = x.unfold(2 + i, (k - 1) * d + 1, s)[..., ::d].sum(-1)
    return x


@op("avgpool")
def _avgpool(node: Node, args: list[Tensor]) -> Tensor:
    """The mean over a window's values inside the image or, with `count_pad`, inside image and padding."""
    x = args[0]
    front, behind = _extended(node, x)
    kernel = node.attrs["kernel"]
    if not any(front + behind) and all(d == 1 for d in node.attrs.get("dilation") or []):
        pool = (F.avg_pool1d, F.avg_pool2d, F.avg_pool3d)[len(kernel) - 1]
        out: Tensor = pool(x, kernel, node.attrs["stride"])
        return out
    ones = torch.ones_like(x[:1, :1])
    if node.attrs.get("count_pad", True):
        n = len(front)
        pads = node.attrs.get("pads") or [0] * (2 * n)
        ones = _pad(ones, front, list(pads[n:]), 1.0)
        rest = [b - p for b, p in zip(behind, pads[n:])]
        ones = _pad(ones, [0] * n, rest, 0.0)
    else:
        ones = _pad(ones, front, behind, 0.0)
    return _window_sums(node, _pad(x, front, behind, 0.0)) / _window_sums(node, ones)


@op("lppool")
def _lppool(node: Node, args: list[Tensor]) -> Tensor:
    power = node.attrs["power"]
    x = _pad(args[0].abs() ** power, *_extended(node, args[0]), 0.0)
    return _window_sums(node, x) ** (1.0 / power)


@op("windows")
def _windows(node: Node, args: list[Tensor]) -> Tensor:
    """The windows of a convolution as rows (N, positions, channels * kernel): a linear layer then computes it."""
    kernel, stride, dilation = node.attrs["kernel"], node.attrs["stride"], node.attrs["dilation"]
    n = len(kernel)
    x = _pad(args[0], node.attrs["pads"][:n], node.attrs["pads"][n:], 0.0)
    for i in range(n):
        x = x.unfold(2 + i, (kernel[i] - 1) * dilation[i] + 1, stride[i])[..., :: dilation[i]]
    order = [0, *range(2, 2 + n), 1, *range(2 + n, 2 + 2 * n)]
    return x.permute(order).reshape(x.shape[0], math.prod(x.shape[2 : 2 + n]), -1)


@op("zero_stuff")
def _zero_stuff(node: Node, args: list[Tensor]) -> Tensor:
    """Puts stride-1 zeros between neighbouring rows and columns."""
    x, (sy, sx) = args[0], node.attrs["stride"]
    out = x.new_zeros(x.shape[:2] + ((x.shape[2] - 1) * sy + 1, (x.shape[3] - 1) * sx + 1))
    out[:, :, ::sy, ::sx] = x
    return out
