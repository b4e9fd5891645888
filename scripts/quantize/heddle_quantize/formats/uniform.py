# SPDX-License-Identifier: Apache-2.0
"""Uniform integer quantization: parameters, codes and back."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from heddle_quantize.formats.widths import code_range, dtype_for

Tensor = torch.Tensor


@dataclass(frozen=True)
class QParams:
    """value = (code - zero_point) * scale.

    `bits` is the width codes use (the profile's precision), `container` the width they are stored
    in. `scale` has one number, or one per channel along `axis` of the tensor. `lsb_exp` is set when
    the scale is a power of two. `true_scale` is what the trace states when the graph itself runs
    in integers (scale 1), as in networks that come quantized. `bipolar` codes are -1 and +1.
    """

    bits: int
    signed: bool
    scale: np.ndarray
    zero_point: int = 0
    axis: int | None = None
    lsb_exp: int | None = None
    container: int = 16
    narrow: bool = False
    true_scale: np.ndarray | None = None
    bipolar: bool = False

    def range(self) -> tuple[int, int]:
        return code_range(self.bits, self.signed, self.narrow)

    def scale_like(self, like: Tensor) -> Tensor:
        scale = torch.from_numpy(self.scale).to(like.dtype)
        if self.axis is None:
            return scale.reshape(())
        shape = [1] * like.dim()
        shape[self.axis] = -1
        return scale.reshape(shape)

    def dtype(self) -> np.dtype:
        return dtype_for(self.container, self.signed)


def fixed_point(bits: int, signed: bool, int_bits: int, container: int) -> QParams:
    """Judd's form: `int_bits` integer bits (the sign not counted), the rest of `bits` are fraction bits."""
    lsb_exp = int_bits - (bits - (1 if signed else 0))
    return QParams(bits, signed, np.array(2.0**lsb_exp), lsb_exp=lsb_exp, container=container)


def quantize(x: Tensor, q: QParams) -> Tensor:
    """Codes, held in x's floating type; ties go to the even code."""
    low, high = q.range()
    return torch.clamp(torch.round(x / q.scale_like(x)) + q.zero_point, low, high)


def dequantize(codes: Tensor, q: QParams) -> Tensor:
    return (codes - q.zero_point) * q.scale_like(codes)


ROUNDERS: dict[str, Callable[[Tensor], Tensor]] = {
    "half_even": torch.round,
    "half_up": lambda x: torch.sign(x) * torch.floor(torch.abs(x) + 0.5),
    "half_down": lambda x: torch.sign(x) * torch.ceil(torch.abs(x) - 0.5),
    "ceil": torch.ceil,
    "floor": torch.floor,
    "up": lambda x: torch.sign(x) * torch.ceil(torch.abs(x)),
    "down": torch.trunc,
}


def rounded_to_codes(x: Tensor, q: QParams, rounding: str = "half_even") -> Tensor:
    """The values that the codes represent; a bipolar code is the sign, and the sign of 0 is +1."""
    if q.bipolar:
        ones = torch.ones_like(x)
        return torch.where(x >= 0, ones, -ones) * q.scale_like(x)
    if rounding == "half_even":
        return dequantize(quantize(x, q), q)
    low, high = q.range()
    codes = ROUNDERS[rounding](torch.clamp(x / q.scale_like(x) + q.zero_point, low, high))
    return dequantize(codes, q)
