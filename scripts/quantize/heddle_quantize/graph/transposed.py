# SPDX-License-Identifier: Apache-2.0
"""Transposed convolutions, expressed as plain convolutions over zero-stuffed inputs."""
from __future__ import annotations

import numpy as np


def transposed_weight(weight: np.ndarray, groups: int) -> np.ndarray:
    """Weights (K, C/groups, R, S) of the plain convolution, from (C, K/groups, R, S) of the transposed one."""
    channels, filters, rows, columns = weight.shape
    split = weight.reshape(groups, channels // groups, filters, rows, columns)
    turned = split.transpose(0, 2, 1, 3, 4)[..., ::-1, ::-1]
    return np.ascontiguousarray(turned.reshape(groups * filters, channels // groups, rows, columns))


def transposed_pads(kernel: list[int], dilation: list[int], pads: list[int], extra: list[int]) -> list[int]:
    """Pads (top, left, bottom, right) of the plain convolution; negative where it would crop its input."""
    reach = [d * (k - 1) for d, k in zip(dilation, kernel)]
    return [reach[0] - pads[0], reach[1] - pads[1], reach[0] - pads[2] + extra[0], reach[1] - pads[3] + extra[1]]
