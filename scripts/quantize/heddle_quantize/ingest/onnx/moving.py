# SPDX-License-Identifier: Apache-2.0
"""ONNX operators that move, cut, repeat or join values without computing."""
from __future__ import annotations

from typing import Any

import numpy as np

from heddle_quantize.ingest.onnx.importer import Importer
from heddle_quantize.ingest.onnx.node import OnnxNode
from heddle_quantize.ingest.onnx.operator import Operator, operator

ANY = "bif"


def reshape(s: Importer, n: OnnxNode, full: list[int]) -> None:
    """To the whole shape `full`; where its leading axis is the batch of one, the batch stays free."""
    value = s.value(n, 0)
    shape = s.shape_of(value)
    if s.known(value) is not None or s.graph.whole:
        s.emit(n, "reshape", [value], full=full)
    elif shape and full and full[0] == shape[0] == s.batch:
        s.emit(n, "reshape", [value], shape=full[1:])
    else:
        s.graph.single = True
        s.emit(n, "reshape", [value], full=full)


def _reshape(s: Importer, n: OnnxNode) -> None:
    target = [int(d) for d in s.const(n, 1)]
    shape = s.shape(n, 0)
    if not n.attrs.get("allowzero", 0):
        target = [shape[i] if d == 0 else d for i, d in enumerate(target)]
    full = list(np.empty(shape, np.bool_).reshape(target).shape)
    constant = s.is_const(n, 0)
    if not constant and s.batch > 1 and (target[:1] == [s.batch] or full[:1] != [s.batch]):
        raise s.refuse(
            n,
            f"shape {target} in a file that fixes the batch to {s.batch}",
            "a free batch: export the model with a dynamic leading axis (dynamic_axes), or with a batch of 1",
        )
    reshape(s, n, full)


def _flatten(s: Importer, n: OnnxNode) -> None:
    shape = s.shape(n, 0)
    axis = int(n.attrs.get("axis", 1))
    axis = axis + len(shape) if axis < 0 else axis
    full = [int(np.prod(shape[:axis])), int(np.prod(shape[axis:]))]
    reshape(s, n, full)


def _squeeze(s: Importer, n: OnnxNode) -> None:
    axes, shape = s.axes(n), s.shape(n, 0)
    free = not s.is_const(n, 0) and s.free_batch
    if axes is None:  # a free batch is no axis of size one, although the sample has one
        axes = [i for i, d in enumerate(shape) if d == 1 and (i > 0 or not free)]
    reshape(s, n, list(np.squeeze(np.empty(shape, np.bool_), tuple(axes)).shape))


def _unsqueeze(s: Importer, n: OnnxNode) -> None:
    axes = s.axes(n) or []
    reshape(s, n, list(np.expand_dims(np.empty(s.shape(n, 0), np.bool_), tuple(axes)).shape))


def _transpose(s: Importer, n: OnnxNode) -> None:
    rank = len(s.shape(n, 0))
    s.emit(n, "transpose", [s.value(n, 0)], perm=[int(p) for p in n.attrs.get("perm", range(rank)[::-1])])


def _concat(s: Importer, n: OnnxNode) -> None:
    values = s.values(n)
    axis = s.axis(n, 1)
    if len({len(s.shape_of(v)) for v in values}) > 1:
        raise s.refuse(n, "values of different ranks", "one rank")
    if len(values) == 1:
        s.alias(n, values[0])
        return
    batch = {v for v in values if v in s.graph.inputs or s.known(v) is None}
    if axis == 0 and not s.graph.whole and batch & set(s.graph.inputs):
        raise s.refuse(n, "axis 0 of the network's input", "another axis than the batch")
    s.emit(n, "concat", values, axis=axis)


def _slice(s: Importer, n: OnnxNode) -> None:
    if "starts" in n.attrs:
        starts, ends = [int(v) for v in n.attrs["starts"]], [int(v) for v in n.attrs["ends"]]
        axes, steps = list(n.attrs.get("axes", range(len(starts)))), [1] * len(starts)
    else:
        starts, ends = [[int(v) for v in s.const(n, i).reshape(-1)] for i in (1, 2)]
        axes = [int(v) for v in s.const(n, 3, np.arange(len(starts)))]
        steps = [int(v) for v in s.const(n, 4, np.ones(len(starts), np.int64))]
    shape = s.shape(n, 0)
    ranges = []
    for axis, start, end, step in zip(axes, starts, ends, steps):
        if not -len(shape) <= axis < len(shape) or step == 0:
            raise s.refuse(n, f"axis {axis} with step {step}", f"{-len(shape)} to {len(shape) - 1}, and a step")
        ranges.append((axis % len(shape), *_bounds(shape[axis], start, end, step), step))
    if any(r[0] == 0 for r in ranges) and s.value(n, 0) in s.graph.inputs and not s.graph.whole:
        raise s.refuse(n, "a slice of the batch", "other axes")
    s.emit(n, "slice", [s.value(n, 0)], ranges=ranges)


def _bounds(size: int, start: int, end: int, step: int) -> tuple[int, int | None]:
    """Start and end as a Python slice has them, without an end where the slice runs to it."""
    start = start + size if start < 0 else start
    end = end + size if end < 0 else end
    if step > 0:
        return min(max(start, 0), size), None if end >= size else max(end, 0)
    return min(max(start, 0), size - 1), None if end < 0 else min(end, size - 1)


def _split(s: Importer, n: OnnxNode) -> None:
    shape = s.shape(n, 0)
    axis = s.axis(n, 0)
    sizes = n.attrs.get("split")
    if sizes is None:
        given = s.const(n, 1)
        count = len(n.outputs)
        if int(n.attrs.get("num_outputs", count)) != count:
            raise s.refuse(n, f"num_outputs = {n.attrs['num_outputs']} of {count} outputs", "as many as there are")
        most = -(-shape[axis] // count)
        even = [most] * (count - 1) + [shape[axis] - most * (count - 1)]
        sizes = even if given is None else [int(v) for v in given]
    if sum(sizes) != shape[axis] or len(sizes) != len(n.outputs):
        raise s.refuse(n, f"parts {list(sizes)} of {shape[axis]} values", f"{len(n.outputs)} parts that add up")
    start = 0
    for position, size in enumerate(sizes):
        if n.outputs[position]:
            ranges = [(axis, start, start + int(size), 1)]
            s.emit(n, "slice", [s.value(n, 0)], position=position, ranges=ranges)
        start += int(size)


def _pad(s: Importer, n: OnnxNode) -> None:
    mode = n.attrs.get("mode", b"constant").decode()
    if mode not in ("constant", "reflect", "edge", "wrap"):
        raise s.refuse(n, f"mode = {mode}", "constant, reflect, edge or wrap")
    given = n.attrs.get("pads")
    pads = [int(p) for p in (s.const(n, 1) if given is None else given)]
    rank = len(s.shape(n, 0))
    axes = [int(a) % rank for a in s.const(n, 3, np.arange(rank))]
    half = len(pads) // 2
    if half != len(axes):
        raise s.refuse(n, f"{len(pads)} pads of {len(axes)} axes", "two for each")
    pairs = [(0, 0)] * rank
    for axis, before, after in zip(axes, pads[:half], pads[half:]):
        pairs[axis] = (before, after)
    if mode == "reflect" and any(max(p) >= d for p, d in zip(pairs, s.shape(n, 0)) if max(p) > 0):
        raise s.refuse(n, f"{pairs} values reflected of shape {s.shape(n, 0)}", "fewer than there are")
    value = np.asarray(n.attrs.get("value", s.const(n, 2, 0.0))).reshape(())
    s.emit(n, "pad", [s.value(n, 0)], pairs=pairs, value=float(value), mode=mode)


def _expand(s: Importer, n: OnnxNode) -> None:
    target = [int(d) for d in s.const(n, 1).reshape(-1)]
    s.emit(n, "expand", [s.value(n, 0)], shape=target)


def _tile(s: Importer, n: OnnxNode) -> None:
    times = [int(v) for v in s.const(n, 1)]
    if s.value(n, 0) in s.graph.inputs and times[:1] != [1] and not s.graph.whole:
        raise s.refuse(n, f"repeats {times}", "1 of the batch")
    s.emit(n, "tile", [s.value(n, 0)], times=times)


def _trilu(s: Importer, n: OnnxNode) -> None:
    k = int(np.asarray(s.const(n, 1, 0)).reshape(()))
    s.emit(n, "triangle", [s.value(n, 0)], upper=bool(n.attrs.get("upper", 1)), k=k)


def _depth_to_space(s: Importer, n: OnnxNode) -> None:
    mode = n.attrs.get("mode", b"DCR").decode()
    if mode not in ("DCR", "CRD"):
        raise s.refuse(n, f"mode = {mode}", "DCR or CRD")
    s.emit(n, "shuffle_space", [s.value(n, 0)], block=int(n.attrs["blocksize"]), order=mode)


def _space_to_depth(s: Importer, n: OnnxNode) -> None:
    s.emit(n, "shuffle_space", [s.value(n, 0)], block=int(n.attrs["blocksize"]), order="space_to_depth")


def _reverse_sequence(s: Importer, n: OnnxNode) -> None:
    axes: dict[str, Any] = {
        "batch_axis": int(n.attrs.get("batch_axis", 1)),
        "time_axis": int(n.attrs.get("time_axis", 0)),
    }
    s.emit(n, "reverse_sequence", s.values(n), **axes)


TABLE: dict[str, Operator] = {
    "Reshape": operator(_reshape, "allowzero", 2, types=ANY),
    "Flatten": operator(_flatten, "axis", types=ANY),
    "Squeeze": operator(_squeeze, "axes", (1, 2), types=ANY),
    "Unsqueeze": operator(_unsqueeze, "axes", (1, 2), types=ANY),
    "Transpose": operator(_transpose, "perm", types=ANY),
    "Concat": operator(_concat, "axis", (1, None), types=ANY),
    "Slice": operator(_slice, "starts ends axes", (1, 5), types=ANY),
    "Split": operator(_split, "axis split num_outputs", (1, 2), types=ANY, outputs=None),
    "Pad": operator(_pad, "mode pads value", (1, 4), types=ANY),
    "Expand": operator(_expand, "", 2, types=ANY),
    "Tile": operator(_tile, "", 2, types=ANY),
    "Trilu": operator(_trilu, "upper", (1, 2), types=ANY, ranks=(2, None)),
    "DepthToSpace": operator(_depth_to_space, "blocksize mode", types="fi", ranks=(4, 4)),
    "SpaceToDepth": operator(_space_to_depth, "blocksize", types="fi", ranks=(4, 4)),
    "ReverseSequence": operator(_reverse_sequence, "batch_axis time_axis", 2, types="fi", ranks=(2, None)),
}
