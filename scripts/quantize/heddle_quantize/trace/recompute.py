# SPDX-License-Identifier: Apache-2.0
"""Recomputes the accumulators that a trace states, from its codes alone.

It uses numpy's 64-bit integers and shares no code with the torch executor that wrote the trace, so that an
agreement means something.
"""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from heddle_quantize.trace.decode import decode
from heddle_quantize.trace.layer_shapes import ARRAY_OPS, accumulator_shape, layer_operand
from heddle_quantize.trace.trace import Trace

CHUNK_PRODUCTS = 1 << 22


@dataclass
class LayerCheck:
    """How many outputs of a layer and sample were recomputed and how many differ."""

    layer: str
    sample: int
    checked: int
    wrong: int
    first_wrong: int | None


def _pad_code(rep: dict[str, Any]) -> int:
    if "pad_code" in rep:
        return int(rep["pad_code"])
    zero = rep.get("zero_point", 0)
    return int(zero) if isinstance(zero, int) else 0


def _conv_outputs(x: np.ndarray, w: np.ndarray, layer: dict[str, Any], pad: int, index: np.ndarray) -> np.ndarray:
    """Sums of products of the outputs with these flat indices into (1, K, OH, OW)."""
    shape, groups = layer["shape"], layer.get("groups", 1)
    top, left, bottom, right = layer.get("pads", [0, 0, 0, 0])
    stride, dilation = layer.get("stride", [1, 1]), layer.get("dilation", [1, 1])
    padded = np.pad(x[0], ((0, 0), (top, bottom), (left, right)), constant_values=pad)
    k, rest = np.divmod(index, shape["OH"] * shape["OW"])
    oy, ox = np.divmod(rest, shape["OW"])
    per_group, filters = shape["C"] // groups, shape["K"] // groups
    rows = np.arange(shape["R"]) * dilation[0]
    cols = np.arange(shape["S"]) * dilation[1]
    channels = (k // filters * per_group)[:, None] + np.arange(per_group)
    windows = padded[
        channels[:, :, None, None],
        (oy * stride[0])[:, None, None, None] + rows[None, None, :, None],
        (ox * stride[1])[:, None, None, None] + cols[None, None, None, :],
    ]
    return np.einsum("ncrs,ncrs->n", windows, w[k])


def _product_outputs(x: np.ndarray, w: np.ndarray, layer: dict[str, Any], index: np.ndarray) -> np.ndarray:
    shape, groups = layer["shape"], layer.get("groups", 1)
    m, k = np.divmod(index, shape["K"])
    per_group, filters = shape["C"] // groups, shape["K"] // groups
    channels = (k // filters * per_group)[:, None] + np.arange(per_group)
    return np.einsum("nc,nc->n", x[m[:, None], channels], w[k])


def outputs(trace: Trace, layer: dict[str, Any], sample: int, index: np.ndarray) -> np.ndarray:
    """Accumulators (bias included) of one layer and sample at flat output indices."""
    act, weight = layer_operand(layer, "activation"), layer_operand(layer, "weight")
    where = f"layer '{layer['id']}'"
    x = decode(trace.arrays[act["files"][sample]], act["rep"], trace.arrays, where)
    name = weight["file"] if weight["source"] == "static" else weight["files"][sample]
    w = decode(trace.arrays[name], weight["rep"], trace.arrays, where)
    if layer["op"] == "conv2d":
        parts = [_conv_outputs(x, w, layer, _pad_code(act["rep"]), part) for part in _chunks(index, w[0].size)]
    else:
        parts = [_product_outputs(x, w, layer, part) for part in _chunks(index, w[0].size)]
    sums = np.concatenate(parts) if parts else np.zeros(0, np.int64)
    if "bias" in layer:
        full = accumulator_shape(layer)
        axis = 1 if len(full) == 4 else len(full) - 1
        sums = sums + trace.arrays[layer["bias"]["file"]].astype(np.int64)[np.unravel_index(index, full)[axis]]
    return sums


def _chunks(index: np.ndarray, products: int) -> Iterator[np.ndarray]:
    step = max(1, CHUNK_PRODUCTS // max(1, products))
    for start in range(0, len(index), step):
        yield index[start : start + step]


def recompute(trace: Trace, limit: int | None = None) -> list[LayerCheck]:
    """Recomputes every stated accumulator, or at most `limit` evenly spread ones per layer and sample."""
    checks = []
    for layer in trace.manifest["layers"]:
        if layer["op"] not in ARRAY_OPS:
            continue
        for sample, entry in enumerate(layer.get("accumulator", {}).get("expect", [])):
            if entry is not None:
                checks.append(_verify_one(trace, layer, sample, entry, limit))
    return checks


def _verify_one(
    trace: Trace, layer: dict[str, Any], sample: int, entry: dict[str, str], limit: int | None
) -> LayerCheck:
    expected = trace.arrays[entry["file"]].reshape(-1).astype(np.int64)
    index = trace.arrays[entry["index_file"]] if "index_file" in entry else np.arange(expected.size)
    if limit is not None and expected.size > limit:
        chosen = np.unique(np.linspace(0, expected.size - 1, limit).astype(np.int64))
        expected, index = expected[chosen], index[chosen]
    wrong = np.nonzero(outputs(trace, layer, sample, index) != expected)[0]
    first = int(index[wrong[0]]) if wrong.size else None
    return LayerCheck(layer["id"], sample, int(expected.size), int(wrong.size), first)
