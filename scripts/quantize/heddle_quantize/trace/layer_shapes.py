# SPDX-License-Identifier: Apache-2.0
"""Shapes that follow from a layer's entry in the manifest."""
from __future__ import annotations

from typing import Any

ARRAY_OPS = ("conv2d", "linear", "matmul")


def activation_shape(layer: dict[str, Any]) -> tuple[int, ...]:
    s = layer["shape"]
    return (1, s["C"], s["H"], s["W"]) if layer["op"] == "conv2d" else (s["M"], s["C"])


def weight_shape(layer: dict[str, Any]) -> tuple[int, ...]:
    s, groups = layer["shape"], layer.get("groups", 1)
    if layer["op"] == "conv2d":
        return (s["K"], s["C"] // groups, s["R"], s["S"])
    return (s["K"], s["C"] // groups)


def accumulator_shape(layer: dict[str, Any]) -> tuple[int, ...]:
    s = layer["shape"]
    return (1, s["K"], s["OH"], s["OW"]) if layer["op"] == "conv2d" else (s["M"], s["K"])


def layer_operand(layer: dict[str, Any], role: str) -> dict[str, Any]:
    return next(o for o in layer["operands"] if o["role"] == role)


def multiplications(layer: dict[str, Any]) -> int:
    """Products of one sample."""
    s, groups = layer["shape"], layer.get("groups", 1)
    if layer["op"] == "conv2d":
        return s["K"] * s["OH"] * s["OW"] * (s["C"] // groups) * s["R"] * s["S"]
    return s["M"] * s["K"] * (s["C"] // groups)
