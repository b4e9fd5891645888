# SPDX-License-Identifier: Apache-2.0
"""ONNX Resize and Upsample."""
from __future__ import annotations

import math
from typing import Any

from heddle_quantize.ingest.onnx.importer import Importer
from heddle_quantize.ingest.onnx.node import OnnxNode
from heddle_quantize.ingest.onnx.operator import Operator, operator

TRANSFORMS = (
    "half_pixel",
    "half_pixel_symmetric",
    "pytorch_half_pixel",
    "align_corners",
    "asymmetric",
    "tf_half_pixel_for_nn",
    "tf_crop_and_resize",
)
ROUNDINGS = ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil")


def _word(s: Importer, n: OnnxNode, name: str, default: str, valid: tuple[str, ...]) -> str:
    word = n.attrs.get(name, default.encode()).decode()
    if word not in valid:
        raise s.refuse(n, f"{name} = {word}", " or ".join(valid))
    return str(word)


def _is_whole_copy(attrs: dict[str, Any], axes: list[tuple[int, int, float, float, float]]) -> bool:
    """Whether every pixel is repeated a whole number of times: how most networks enlarge."""
    same = {scale for _, _, scale, _, _ in axes}
    whole = len(same) == 1 and next(iter(same)) == int(next(iter(same))) and next(iter(same)) >= 1
    copied = attrs["transform"] == "asymmetric" and attrs["rounding"] == "floor"
    if attrs["transform"] in ("half_pixel", "pytorch_half_pixel") and attrs["rounding"].startswith("round"):
        copied = all(count > 1 for _, count, _, _, _ in axes)
    return attrs["mode"] == "nearest" and whole and copied and [a[0] for a in axes] == [2, 3]


def _resize(s: Importer, n: OnnxNode) -> None:
    shape = s.shape(n, 0)
    attrs: dict[str, Any] = {
        "mode": _word(s, n, "mode", "nearest", ("nearest", "linear", "cubic")),
        "transform": _word(s, n, "coordinate_transformation_mode", "half_pixel", TRANSFORMS),
        "rounding": _word(s, n, "nearest_mode", "round_prefer_floor", ROUNDINGS),
        "cubic": float(n.attrs.get("cubic_coeff_a", -0.75)),
        "exclude": bool(n.attrs.get("exclude_outside", 0)),
        "extrapolation": float(n.attrs.get("extrapolation_value", 0.0)),
    }
    if s.opset < 11:
        attrs["transform"], attrs["rounding"] = "asymmetric", "floor"
    if n.attrs.get("antialias", 0) or n.attrs.get("keep_aspect_ratio_policy", b"stretch") != b"stretch":
        raise s.refuse(n, "antialias or keep_aspect_ratio_policy", "neither")
    named = [int(a) % len(shape) for a in n.attrs.get("axes", range(len(shape)))]
    crop = s.const(n, 1) if s.opset >= 11 else None
    scales = s.const(n, 2 if s.opset >= 11 else 1)
    sizes = s.const(n, 3)
    if sizes is None and (scales is None or not scales.size):
        raise s.refuse(n, "neither scales nor sizes", "one of them")
    given = sizes if sizes is not None and sizes.size else scales
    if len(given) != len(named):
        raise s.refuse(n, f"{len(given)} scales or sizes for {len(named)} axes", "one for each")
    axes = []
    for i, axis in enumerate(named):
        if given is sizes:
            count, scale = int(sizes[i]), int(sizes[i]) / shape[axis]
        else:
            scale = float(scales[i])
            count = math.floor(shape[axis] * scale)
        start, end = 0.0, 1.0
        if crop is not None and crop.size:
            start, end = float(crop[i]), float(crop[len(named) + i])
        if (count, scale) != (shape[axis], 1.0) or attrs["transform"] == "tf_crop_and_resize":
            axes.append((axis, count, scale, start, end))
        if attrs["transform"] == "align_corners" and given is scales and shape[axis] * scale != count:
            raise s.refuse(
                n,
                f"align_corners with scale {scale:g} of {shape[axis]} values, on which versions of ONNX differ",
                "sizes",
            )
    _emit(s, n, attrs, axes)


def _emit(s: Importer, n: OnnxNode, attrs: dict[str, Any], axes: list[tuple[int, int, float, float, float]]) -> None:
    if any(axis == 0 for axis, *_ in axes) and not s.graph.whole:
        raise s.refuse(n, "a resized batch", "other axes")
    if any(count < 1 for _, count, *_ in axes):
        raise s.refuse(n, "an axis of size 0", "at least one value")
    if not axes:
        s.alias(n, s.value(n, 0))
    elif _is_whole_copy(attrs, axes):
        s.emit(n, "upsample", [s.value(n, 0)], scale=int(axes[0][2]))
    else:
        s.emit(n, "resample", [s.value(n, 0)], axes=axes, **attrs)


def _upsample(s: Importer, n: OnnxNode) -> None:
    """The operator before Resize: positions are asymmetric and rounded down."""
    shape = s.shape(n, 0)
    mode = _word(s, n, "mode", "nearest", ("nearest", "linear"))
    scales = n.attrs["scales"] if "scales" in n.attrs else s.const(n, 1)
    attrs = {"mode": mode, "transform": "asymmetric", "rounding": "floor"}
    axes = [(i, math.floor(shape[i] * float(v)), float(v), 0.0, 1.0) for i, v in enumerate(scales) if float(v) != 1.0]
    _emit(s, n, attrs, axes)


ATTRIBUTES = (
    "mode coordinate_transformation_mode nearest_mode cubic_coeff_a exclude_outside extrapolation_value antialias "
    "keep_aspect_ratio_policy axes"
)
TABLE: dict[str, Operator] = {
    "Resize": operator(_resize, ATTRIBUTES, (1, 4), types="fi", ranks=(1, None)),
    "Upsample": operator(_upsample, "mode scales", (1, 2), types="f", ranks=(1, None)),
}
