# SPDX-License-Identifier: Apache-2.0
"""Widths in bits: what integers need, and what groups of 16 weights need."""
from __future__ import annotations

import numpy as np

GROUP_SIZE = 16
PART_VALUES = 1 << 22
"""Weights that are looked at together: temporary arrays are several times as large."""


def code_range(bits: int, signed: bool, narrow: bool = False) -> tuple[int, int]:
    """Lowest and highest code of a representation `bits` wide."""
    if not signed:
        return 0, (1 << bits) - 1
    low = -(1 << (bits - 1))
    return low + (1 if narrow else 0), (1 << (bits - 1)) - 1


def bits_needed(low: int, high: int, signed: bool) -> int:
    """Smallest width (sign bit included when signed) that holds every integer in [low, high]."""
    if not signed:
        if low < 0:
            raise ValueError(f"negative value {low} in an unsigned tensor")
        return max(1, int(high).bit_length())
    magnitude = max(int(high), ~int(low) if low < 0 else 0, 0)
    return magnitude.bit_length() + 1


def group_widths(weights: np.ndarray, signed: bool) -> np.ndarray:
    """Width of each group of 16 input channels of a filter at one kernel position.

    `weights` is (K, C, R, S) or (K, C); the answer (K, R, S, G) or (K, G), u1. A group of zeros
    is one bit wide, as accelerators spend one cycle on it.
    """
    rows = max(1, PART_VALUES // max(1, weights[0].size))
    parts = [_group_widths(weights[start : start + rows], signed) for start in range(0, len(weights), rows)]
    return np.concatenate(parts)


def _group_widths(weights: np.ndarray, signed: bool) -> np.ndarray:
    moved = np.moveaxis(weights.astype(np.int64), 1, -1)
    channels = moved.shape[-1]
    groups = -(-channels // GROUP_SIZE)
    padded = np.zeros(moved.shape[:-1] + (groups * GROUP_SIZE,), np.int64)
    padded[..., :channels] = moved
    cells = padded.reshape(moved.shape[:-1] + (groups, GROUP_SIZE))
    magnitude = np.bitwise_or.reduce(np.where(cells < 0, ~cells, cells), axis=-1)
    # frexp's exponent of an integer below 2^53 is its bit length, and 0 for 0
    length = np.frexp(magnitude.astype(np.float64))[1]
    return np.maximum(length + (1 if signed else 0), 1).astype(np.uint8)


def dtype_for(bits: int, signed: bool) -> np.dtype:
    """The narrowest array type of the trace format that holds codes `bits` wide."""
    if bits <= 8:
        return np.dtype("|i1" if signed else "|u1")
    if bits <= 16:
        return np.dtype("<i2" if signed else "<u2")
    if bits <= 32:
        return np.dtype("<i4" if signed or bits < 32 else "<i8")
    return np.dtype("<i8")


def accumulator_dtype(*arrays: np.ndarray) -> np.dtype:
    """<i4 when every value fits, else <i8."""
    limit = np.iinfo(np.int32)
    fits = all(a.size == 0 or (a.min() >= limit.min and a.max() <= limit.max) for a in arrays)
    return np.dtype("<i4" if fits else "<i8")
