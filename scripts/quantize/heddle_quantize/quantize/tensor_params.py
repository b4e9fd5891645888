# SPDX-License-Identifier: Apache-2.0
"""Quantization parameters of a tensor, from its range."""
from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from heddle_quantize.base.choices import OBSERVERS, SCHEMES
from heddle_quantize.base.errors import unknown_name
from heddle_quantize.formats.uniform import QParams, fixed_point
from heddle_quantize.formats.widths import code_range
from heddle_quantize.quantize.calibrate import TensorRange

MSE_STEPS = 60


@dataclass(frozen=True)
class Options:
    """How tensors are turned into integers."""

    scheme: str = "fixed"
    container: int = 16
    observer: str = "minmax"
    percentile: float = 99.99
    per_channel: bool = False

    def check(self) -> None:
        if self.scheme not in SCHEMES:
            raise unknown_name("--scheme", "scheme", self.scheme, SCHEMES)
        if self.observer not in OBSERVERS:
            raise unknown_name("--observer", "observer", self.observer, OBSERVERS)


def _error(values: np.ndarray, scale: float, zero: float, low: int, high: int) -> float:
    codes = np.clip(np.rint(values / scale) + zero, low, high)
    return float(np.mean(((codes - zero) * scale - values) ** 2))


def _clip_range(r: TensorRange, options: Options, bits: int, signed: bool, symmetric: bool) -> tuple[float, float]:
    """The interval that codes will span, as the observer chooses it."""
    if options.observer == "minmax":
        return r.low, r.high
    if options.observer == "percentile":
        tail = (100.0 - options.percentile) / 2 if signed else 100.0 - options.percentile
        low = float(np.percentile(r.values, tail)) if signed else min(r.low, 0.0)
        return low, float(np.percentile(r.values, 100.0 - tail))
    low_code, high_code = code_range(bits, signed)
    best = (math.inf, r.low, r.high)
    for step in range(MSE_STEPS):
        factor = 1.0 - step / (MSE_STEPS * 1.1)
        low, high = r.low * factor, r.high * factor
        scale, zero = _affine(low, high, low_code, high_code, symmetric)
        error = _error(r.values, scale, zero, low_code, high_code)
        if error < best[0]:
            best = (error, low, high)
    return best[1], best[2]


def _affine(low: float, high: float, low_code: int, high_code: int, symmetric: bool) -> tuple[float, int]:
    low, high = min(low, 0.0), max(high, 0.0)  # zero must have a code: padding is zero
    if symmetric:
        peak = max(-low, high) or 1.0
        return peak / high_code, 0
    span = (high - low) or 1.0
    scale = span / (high_code - low_code)
    return scale, int(np.clip(np.rint(low_code - low / scale), low_code, high_code))


def tensor_params(
    r: TensorRange,
    bits: int,
    options: Options,
    weight: bool,
    channel_max: np.ndarray | None = None,
) -> QParams:
    """Parameters of one tensor at `bits`, at least 2 for signed tensors."""
    signed = r.signed or weight
    if signed:
        bits = max(bits, 2)
    if options.scheme == "fixed" or (options.scheme == "per-filter" and not weight):
        return fixed_point(bits, signed, r.int_bits, options.container)
    symmetric = weight or options.scheme == "symmetric"
    if not symmetric:
        signed = False
    low_code, high_code = code_range(bits, signed)
    if weight and options.per_channel and channel_max is not None:
        peak = np.where(channel_max > 0, channel_max, 1.0)
        return QParams(bits, True, peak / high_code, axis=0, container=options.container)
    low, high = _clip_range(r, options, bits, signed, symmetric)
    scale, zero = _affine(low, high, low_code, high_code, symmetric)
    return QParams(bits, signed, np.array(scale), zero, container=options.container)
