# SPDX-License-Identifier: Apache-2.0
"""ONNX's own quantizers: QuantizeLinear makes codes, DequantizeLinear the numbers that codes stand for.

A code is clamp(round(x / scale) + zero point), ties to even. A Clip of codes between the two states a narrower width.
"""
from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from heddle_quantize.formats.uniform import QParams
from heddle_quantize.formats.widths import code_range
from heddle_quantize.ingest.onnx.node import OnnxNode
from heddle_quantize.ingest.onnx.operator import operator

ATTRIBUTES = "axis block_size output_dtype precision saturate"
MOVING = ("MaxPool", "Flatten", "Reshape", "Transpose", "Squeeze", "Unsqueeze")
"""Operators that codes pass unchanged."""
INTEGERS = {np.dtype(t): (np.dtype(t).itemsize * 8, np.dtype(t).kind == "i") for t in ("i1", "u1", "i2", "u2")}


def _parameters(s: Any, n: OnnxNode, dtype: np.dtype, bits: int, rank: int) -> QParams:
    """Of codes of the element type, or of `bits` bits in it."""
    if n.attrs.get("block_size", 0) or n.attrs.get("output_dtype", 0):
        raise s.refuse(n, "block_size or output_dtype", "one scale, or one along an axis, and a typed zero point")
    scale = np.asarray(s.const(n, 1), np.float64)
    zero = np.asarray(s.const(n, 2, np.zeros(1))).astype(np.int64)
    if np.unique(zero).size > 1:
        raise s.refuse(n, f"zero points {np.unique(zero)[:4].tolist()} along an axis", "one zero point")
    if not (np.isfinite(scale).all() and (scale > 0).all()):
        raise s.refuse(n, "a scale that is not above zero", "positive finite scales")
    axis = None
    if scale.size > 1:
        axis = int(n.attrs.get("axis", 1))
        axis = axis + rank if axis < 0 else axis
    scale = scale.reshape(-1) if axis is not None else scale.reshape(())
    return QParams(bits, dtype.kind == "i", scale, int(zero.reshape(-1)[0]), axis, container=bits)


def _bits(s: Any, n: OnnxNode, index: int, dtype: np.dtype) -> int:
    if dtype not in INTEGERS:
        raise s.refuse(n, f"codes of type {dtype}", "integers of 4, 8 or 16 bits")
    return 4 if s.given(n, index) and n.inputs[index] in s.tensors.four_bit else INTEGERS[dtype][0]


def quantize_linear(s: Any, n: OnnxNode) -> None:
    zero = s.const(n, 2, np.zeros(1, np.uint8))
    rank = len(s.shape(n, 0))
    params = _parameters(s, n, zero.dtype, _bits(s, n, 2, zero.dtype), rank)
    if params.axis is not None and not s.is_const(n, 0):
        raise s.refuse(n, f"{params.scale.size} scales of an activation", "one")
    made = s.emit(n, "codes", [s.value(n, 0)], dtype=zero.dtype, quant=params)
    s.codes[made] = params


def dequantize_linear(s: Any, n: OnnxNode) -> None:
    dtype = s.dtype(n)
    rank = len(s.shape(n, 0))
    if dtype == np.int32 and s.is_const(n, 0):  # a bias
        s.emit(n, "real", [s.value(n, 0)], dtype=np.float32, quant=_parameters(s, n, dtype, 32, rank))
        return
    origin = s.origin(s.value(n, 0), s.codes)
    bits = s.codes[origin].bits if origin in s.codes else _bits(s, n, 0, dtype)
    params = _narrowed(s, n, _parameters(s, n, dtype, bits, rank))
    if params.axis is not None and not s.is_const(n, 0):
        raise s.refuse(n, f"{params.scale.size} scales of an activation", "one")
    made = s.emit(n, "real", [s.value(n, 0)], dtype=np.float32, quant=params)
    if s.is_const(n, 0):
        s.weights[n.outputs[0]] = params
    else:
        s.quantized[made] = params


def _maker(s: Any, value: str) -> Any:
    return next((proto for proto in s.model.graph.node if value in proto.output), None)


def _narrowed(s: Any, n: OnnxNode, params: QParams) -> QParams:
    """The width of codes that a Clip in front leaves."""
    clip = _maker(s, n.inputs[0])
    while clip is not None and clip.op_type in MOVING:
        clip = _maker(s, clip.input[0])
    if (
        clip is None
        or clip.op_type != "Clip"
        or len(clip.input) < 3
        or any(name not in s.consts for name in clip.input[1:3])
    ):
        return params
    low, high = (int(np.asarray(s.consts[name]).reshape(())) for name in clip.input[1:3])
    for bits in range(2 if params.signed else 1, params.bits):
        for narrow in (False, True) if params.signed else (False,):
            if code_range(bits, params.signed, narrow) == (low, high):
                return replace(params, bits=bits, container=bits, narrow=narrow)
    return params


ROWS = {
    "QuantizeLinear": operator(quantize_linear, ATTRIBUTES, (2, 3)),
    "DequantizeLinear": operator(dequantize_linear, ATTRIBUTES, (2, 3), types="i"),
}
