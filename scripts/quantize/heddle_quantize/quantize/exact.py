# SPDX-License-Identifier: Apache-2.0
"""Sums of products in exact integer arithmetic, on floating-point kernels.

Codes live in floating tensors. oneDNN's float32 convolution is an order of magnitude faster than
float64 and exact as long as no partial sum reaches 2^24. Operands are therefore cut into digits small
enough for that, and the products of digits are added in float64, which is exact below 2^53.
"""
from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F

from heddle_quantize.base.errors import BadInput

Tensor = torch.Tensor
FLOAT32_EXACT = 1 << 24
FLOAT64_EXACT = 1 << 53
WEIGHT_DIGIT_BITS = 8


def _digits(codes: Tensor, bits: int) -> list[tuple[Tensor, float]]:
    """Codes as a sum of digit * weight; digits lie in [0, 2^bits), except the highest, which carries the sign."""
    out: list[tuple[Tensor, float]] = []
    rest, weight, base = codes, 1.0, float(1 << bits)
    while True:
        if rest.numel() == 0 or float(rest.abs().max()) < base:
            out.append((rest, weight))
            return out
        high = torch.floor(rest / base)
        out.append((rest - high * base, weight))
        rest, weight = high, weight * base


def _largest_sum(w: Tensor) -> float:
    """The largest sum of magnitudes of a filter."""
    return max(float(row.abs().sum(dtype=torch.float64)) for row in w)


def exact_conv(x: Tensor, w: Tensor, stride: list[int], dilation: list[int], groups: int) -> Tensor:
    """Convolution of integers (unpadded), exact; raises if a sum could reach 2^53."""
    total = _largest_sum(w) * float(x.abs().max()) if x.numel() else 0.0
    if total >= FLOAT64_EXACT:
        raise BadInput("integer convolution", f"sums up to {total:.3g}", "below 2^53")

    def convolve(a: Tensor, b: Tensor) -> Tensor:
        out: Tensor = F.conv2d(a, b, None, stride, 0, dilation, groups)
        return out

    if total < FLOAT32_EXACT:
        return convolve(x.float(), w.float()).double()
    result: Tensor | None = None
    for w_digit, w_weight in _digits(w, WEIGHT_DIGIT_BITS):
        room = FLOAT32_EXACT / max(1.0, _largest_sum(w_digit))
        bits = int(np.floor(np.log2(room)))
        if bits < 1:
            return convolve(x.double(), w.double())
        for x_digit, x_weight in _digits(x, bits):
            part = convolve(x_digit.float(), w_digit.float()).double() * (w_weight * x_weight)
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
