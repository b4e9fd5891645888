# SPDX-License-Identifier: Apache-2.0
"""Convolutions that the array does not know, written with the one it does."""
from __future__ import annotations

import numpy as np


def transposed_weight(weight: np.ndarray, groups: int) -> np.ndarray:
    """(C, K/groups, R, S) of a transposed convolution to the (K, C/groups, R, S) of the plain
    convolution over the zero-stuffed input that computes the same."""
    channels, filters, rows, columns = weight.shape
    split = weight.reshape(groups, channels // groups, filters, rows, columns)
    turned = split.transpose(0, 2, 1, 3, 4)[..., ::-1, ::-1]
    return np.ascontiguousarray(turned.reshape(groups * filters, channels // groups, rows, columns))


def transposed_pads(kernel: list[int], dilation: list[int], pads: list[int], extra: list[int]) -> list[int]:
    """Pads (top, left, bottom, right) of that plain convolution; negative if it would crop."""
    reach = [d * (k - 1) for d, k in zip(dilation, kernel)]
    return [reach[0] - pads[0], reach[1] - pads[1], reach[0] - pads[2] + extra[0], reach[1] - pads[3] + extra[1]]
