# SPDX-License-Identifier: Apache-2.0
"""Statistics of an array layer's integers, the file stats/<layer>.json (traces/FORMAT.md).

Everything is a count over decoded integers, so that equal tensors give equal files.
"""
from __future__ import annotations

from typing import Any

import numpy as np

from heddle_quantize.base.errors import BadInput
from heddle_quantize.trace.bit_counts import bit_lengths, booth_digits, naf_terms, set_bits, trimmed_spans
from heddle_quantize.trace.decode import decode
from heddle_quantize.trace.layer_shapes import ARRAY_OPS, layer_operand
from heddle_quantize.trace.trace import FileNames, Trace

GROUP_SIZES = (1, 4, 8, 16, 32, 64, 256)
WINDOWS, LANES = 16, 16
EXACT_CODES = 256
PART_VALUES = 1 << 22


def _histogram(keys: np.ndarray, weights: np.ndarray | None = None) -> list[int]:
    """Counts of 0, 1, 2, ... up to the largest key."""
    return [int(n) for n in np.bincount(keys.reshape(-1), weights)] if keys.size else []


def _codes(values: np.ndarray, limits: tuple[int, int]) -> dict[str, Any]:
    """Counts of every code if their range is at most 256, otherwise counts by sign and bit length."""
    low, high = limits
    if high - low < EXACT_CODES:
        return {"lowest": low, "counts": _histogram(values - low)}
    lengths = bit_lengths(np.abs(values))
    return {
        "negative_by_bit_length": _histogram(lengths[values < 0]),
        "not_negative_by_bit_length": _histogram(lengths[values >= 0]),
    }


def _largest_of_groups(magnitudes: np.ndarray, size: int) -> np.ndarray:
    """Maxima over groups of `size` along the last axis; the last group may be shorter."""
    return np.maximum.reduceat(magnitudes, np.arange(0, magnitudes.shape[-1], size), axis=-1)


def _concurrent_windows(magnitudes: np.ndarray) -> np.ndarray:
    """Maxima over 16 neighbouring positions x 16 channels of (position, channel)."""
    bricks = _largest_of_groups(magnitudes, LANES)
    return np.maximum.reduceat(bricks, np.arange(0, len(bricks), WINDOWS), axis=0)


def _zero_runs(magnitudes: np.ndarray) -> list[int]:
    """Lengths of runs of zeros along channels, by bit length of the run's length."""
    rows = magnitudes.reshape(-1, magnitudes.shape[-1])
    zero = np.zeros((rows.shape[0], rows.shape[1] + 2), np.int8)
    zero[:, 1:-1] = rows == 0
    edges = np.diff(zero, axis=1).reshape(-1)
    lengths = np.nonzero(edges == -1)[0] - np.nonzero(edges == 1)[0]
    return _histogram(bit_lengths(lengths)) if lengths.size else []


def tensor_statistics(values: np.ndarray, windows: bool, limits: tuple[int, int] | None = None) -> dict[str, Any]:
    """`values` is (position, channel), or any shape whose last axis is the reduction axis.

    They may be a part of a tensor whose least and greatest values are `limits`; `_sum` joins parts.
    """
    limits = limits or (int(values.min()), int(values.max()))
    magnitudes = np.abs(values)
    distinct, counts = np.unique(magnitudes, return_counts=True)
    by_group = {str(n): _histogram(bit_lengths(_largest_of_groups(magnitudes, n))) for n in GROUP_SIZES}
    out = {
        "values": int(values.size),
        "zeros": int((values == 0).sum()),
        "min": limits[0],
        "max": limits[1],
        "codes": _codes(values, limits),
        "bit_length": _histogram(bit_lengths(distinct), counts),
        "set_bits": _histogram(set_bits(distinct), counts),
        "naf_terms": _histogram(naf_terms(distinct), counts),
        "booth4_digits": _histogram(booth_digits(distinct), counts),
        "trimmed_span": _histogram(trimmed_spans(distinct), counts),
        "group_bit_length": by_group,
        "zero_run_bit_length": _zero_runs(magnitudes),
        "channel_zeros": [int(n) for n in (values == 0).reshape(-1, values.shape[-1]).sum(axis=0)],
    }
    if windows:
        out["window_bit_length"] = _histogram(bit_lengths(_concurrent_windows(magnitudes)))
    return out


def _sum(first: Any, second: Any, key: str = "") -> Any:
    """Statistics of two parts together: counts add up, the limits are those of the whole."""
    if isinstance(first, dict):
        return {k: _sum(first[k], second[k], k) for k in first}
    if isinstance(first, list):
        long, short = (first, second) if len(first) >= len(second) else (second, first)
        return [n + (short[i] if i < len(short) else 0) for i, n in enumerate(long)]
    return first if key in ("min", "max", "lowest") else first + second


def _weight_statistics(codes: np.ndarray, rep: dict[str, Any], arrays: dict[str, np.ndarray], where: str) -> Any:
    """Of weights, some filters at a time: 64-bit integers and what is counted with them are many times the codes."""
    rows = max(1, PART_VALUES // max(1, codes[0].size))
    slices = [slice(start, start + rows) for start in range(0, len(codes), rows)]
    ends = [(v.min(), v.max()) for v in (decode(codes[s], rep, arrays, where) for s in slices)]
    limits = int(min(low for low, _ in ends)), int(max(high for _, high in ends))
    out: Any = None
    for s in slices:
        part = tensor_statistics(_positions_by_channel(decode(codes[s], rep, arrays, where)), False, limits)
        out = part if out is None else _sum(out, part)
    return out


def _positions_by_channel(values: np.ndarray) -> np.ndarray:
    """(1,C,H,W), (M,C), (K,C,R,S) or (K,C) to (..., C)."""
    moved = np.moveaxis(values, 1, -1)
    return moved.reshape(-1, moved.shape[-1])


def layer_statistics(trace: Trace, layer: dict[str, Any]) -> dict[str, Any]:
    """Statistics of every operand whose codes the trace holds, all samples together."""
    out: dict[str, Any] = {"format": "heddle-layer-statistics", "version": [1, 0], "layer": layer["id"]}
    for role in ("activation", "weight"):
        operand = layer_operand(layer, role)
        names = [operand["file"]] if "file" in operand else operand.get("files", [])
        if not names:
            continue
        where = f"layer '{layer['id']}'"
        if role == "weight" and len(names) == 1:
            out[role] = _weight_statistics(trace.arrays[names[0]], operand["rep"], trace.arrays, where)
            continue
        parts = [_positions_by_channel(decode(trace.arrays[n], operand["rep"], trace.arrays, where)) for n in names]
        out[role] = tensor_statistics(np.concatenate(parts), role == "activation")
    return out


def attach(trace: Trace) -> Trace:
    """Adds a statistics file to every array layer that has codes; returns the trace."""
    names = FileNames()
    for layer in trace.manifest["layers"]:
        if layer["op"] not in ARRAY_OPS:
            continue
        name = f"stats/{names.stem(layer['id'])}.json"
        content = layer_statistics(trace, layer)
        if "activation" in content or "weight" in content:
            layer["stats"] = name
            trace.documents[name] = content
    return trace


def check(trace: Trace, layer: dict[str, Any], pointer: str) -> None:
    """Checks the stated file against the codes that the trace holds."""
    stated = trace.documents.get(layer["stats"])
    if not isinstance(stated, dict) or stated.get("layer") != layer["id"]:
        raise BadInput(
            f"{pointer}/stats", f"'{layer['stats']}'", f"a statistics file of layer '{layer['id']}' listed in /files"
        )
    for role, found in layer_statistics(trace, layer).items():
        if stated.get(role) != found:
            raise BadInput(f"{pointer}/stats", f"other {role} in '{layer['stats']}'", "what the layer's codes give")
