# SPDX-License-Identifier: Apache-2.0
"""Resizing: every axis by itself, as a product with a matrix of the weights that its new positions give the old."""
from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from heddle_quantize.graph.graph import Node
from heddle_quantize.graph.registry import Tensor, op


def source_positions(size: int, count: int, scale: float, mode: str, crop: tuple[float, float]) -> np.ndarray:
    """Where each of `count` new positions lies among `size` old ones (ONNX coordinate_transformation_mode)."""
    x = np.arange(count, dtype=np.float64)
    if mode == "align_corners":
        return x * 0.0 if count == 1 else x * (size - 1) / (count - 1)
    if mode == "asymmetric":
        return x / scale
    if mode == "tf_crop_and_resize":
        start, end = crop
        if count == 1:
            return np.array([0.5 * (start + end) * (size - 1)])
        return start * (size - 1) + x * (end - start) * (size - 1) / (count - 1)
    if mode == "tf_half_pixel_for_nn":
        return (x + 0.5) / scale
    if mode == "pytorch_half_pixel":
        return (x + 0.5) / scale - 0.5 if count > 1 else x * 0.0
    if mode == "half_pixel_symmetric":
        centre = size / 2 * (1 - count / (scale * size))
        return centre + (x + 0.5) / scale - 0.5
    return (x + 0.5) / scale - 0.5


def _nearest(position: float, rounding: str) -> int:
    if rounding == "floor":
        return math.floor(position)
    if rounding == "ceil":
        return math.ceil(position)
    down = math.ceil(position - 0.5)
    up = math.floor(position + 0.5)
    return down if rounding == "round_prefer_floor" else up


def _taps(position: float, mode: str, cubic: float) -> list[tuple[int, float]]:
    """Old positions and weights of one new position."""
    base = math.floor(position)
    part = position - base
    if mode == "linear":
        return [(base, 1 - part), (base + 1, part)]
    a = cubic
    near = lambda t: ((a + 2) * t - (a + 3)) * t * t + 1  # noqa: E731 - the cubic within one position
    far = lambda t: ((a * t - 5 * a) * t + 8 * a) * t - 4 * a  # noqa: E731 - and within two
    weights = [far(part + 1), near(part), near(1 - part), far(2 - part)]
    return [(base - 1 + i, w) for i, w in enumerate(weights)]


def axis_matrix(size: int, count: int, scale: float, options: dict[str, Any]) -> np.ndarray:
    """(count, size) weights of one axis. Positions outside the axis use its end, or weigh nothing (`exclude`)."""
    mode, transform = str(options["mode"]), str(options["transform"])
    crop = options.get("crop", (0.0, 1.0))
    matrix = np.zeros((count, size))
    for row, position in enumerate(source_positions(size, count, scale, transform, crop)):
        if transform == "tf_crop_and_resize" and not 0 <= position <= size - 1:
            matrix[row] = np.nan  # extrapolated: the caller fills these in
            continue
        if mode == "nearest":
            matrix[row, min(max(_nearest(position, str(options["rounding"])), 0), size - 1)] = 1.0
            continue
        taps = _taps(position, mode, options.get("cubic", -0.75))
        if options.get("exclude", False):
            taps = [(i, w) for i, w in taps if 0 <= i < size]
            total = sum(w for _, w in taps)
            taps = [(i, w / total) for i, w in taps]
        for i, weight in taps:
            matrix[row, min(max(i, 0), size - 1)] += weight
    return matrix


@op("resample")
def _resample(node: Node, args: list[Tensor]) -> Tensor:
    """Each axis of `axes` (axis, new size, scale, crop start, crop end) by its matrix."""
    x = args[0]
    outside: list[tuple[int, np.ndarray]] = []
    for axis, count, scale, start, end in node.attrs["axes"]:
        options = {**node.attrs, "crop": (start, end)}
        matrix = axis_matrix(x.shape[axis], count, scale, options)
        missing = np.isnan(matrix[:, 0])
        if missing.any():
            outside.append((axis, missing))
            matrix[missing] = 0.0
        if node.attrs["mode"] == "nearest":
            x = x.index_select(axis, torch.from_numpy(matrix.argmax(1)))
        else:
            x = torch.tensordot(x, torch.from_numpy(matrix).to(x.dtype), dims=([axis], [1])).movedim(-1, axis)
    for axis, missing in outside:
        x = x.index_fill(axis, torch.from_numpy(np.flatnonzero(missing)), node.attrs.get("extrapolation", 0.0))
    return x


@op("upsample")
def _upsample(node: Node, args: list[Tensor]) -> Tensor:
    mode = node.attrs.get("mode", "nearest")
    extra = {} if mode == "nearest" else {"align_corners": bool(node.attrs.get("align", False))}
    return F.interpolate(args[0], scale_factor=node.attrs["scale"], mode=mode, **extra)
