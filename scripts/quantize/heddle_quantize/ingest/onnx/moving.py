# SPDX-License-Identifier: Apache-2.0
"""ONNX operators that move, cut, repeat or join values without computing."""
from __future__ import annotations

import numpy as np

from heddle_quantize.ingest.onnx.importer import Handler, Importer
from heddle_quantize.ingest.onnx.node import OnnxNode


def _reshape(s: Importer, n: OnnxNode) -> None:
    target = [int(d) for d in s.const(n, 1)]
    if s.is_const(n, 0):
        s.fold(n, s.consts[n.inputs[0]].reshape(target))
        return
    shape = s.shape(n, 0)
    target = [shape[i] if d == 0 else d for i, d in enumerate(target)]
    full = list(np.empty(shape, np.bool_).reshape(target).shape)
    if full[0] == 1 and shape[0] == 1:
        s.emit(n, "reshape", [s.value(n, 0)], shape=full[1:])
    else:
        s.graph.single = True
        s.emit(n, "reshape", [s.value(n, 0)], full=full)


def _flatten(s: Importer, n: OnnxNode) -> None:
    if n.attrs.get("axis", 1) != 1:
        raise s.refuse(n, f"axis {n.attrs['axis']}", "axis 1")
    s.emit(n, "reshape", [s.value(n, 0)], shape=[-1])


def _squeeze(s: Importer, n: OnnxNode) -> None:
    axes = s.axes(n)
    if s.is_const(n, 0):
        value = s.consts[n.inputs[0]]
        if n.op == "Squeeze":
            s.fold(n, np.squeeze(value, None if axes is None else tuple(axes)))
        else:
            s.fold(n, np.expand_dims(value, tuple(axes or ())))
        return
    sample = np.empty(s.shape(n, 0), np.bool_)
    if n.op == "Squeeze":
        chosen = axes if axes is not None else [i for i, d in enumerate(sample.shape) if d == 1][1:]
        full = np.squeeze(sample, tuple(chosen)).shape
        moved = any(a % sample.ndim == 0 for a in chosen)
    else:
        full = np.expand_dims(sample, tuple(axes or ())).shape
        moved = any(a % len(full) == 0 for a in axes or ())
    if moved:
        s.graph.single = True
        s.emit(n, "reshape", [s.value(n, 0)], full=list(full))
    else:
        s.emit(n, "reshape", [s.value(n, 0)], shape=list(full[1:]))


def _transpose(s: Importer, n: OnnxNode) -> None:
    if s.is_const(n, 0):
        s.fold(n, np.transpose(s.consts[n.inputs[0]], n.attrs.get("perm")))
        return
    rank = len(s.shape(n, 0))
    perm = [int(p) for p in n.attrs.get("perm", range(rank)[::-1])]
    s.emit(n, "transpose", [s.value(n, 0)], perm=perm)


def _concat(s: Importer, n: OnnxNode) -> None:
    axis = int(n.attrs["axis"])
    if s.all_const(n):
        s.fold(n, np.concatenate([s.consts[i] for i in n.inputs], axis))
        return
    values = [s.value(n, i) for i in range(len(n.inputs))]
    axis %= s.sample[values[0]].dim()
    if axis == 0:
        raise s.refuse(n, "axis 0", "another axis than the batch")
    s.emit(n, "concat", values, axis=axis)


def _slice(s: Importer, n: OnnxNode) -> None:
    if "starts" in n.attrs:
        starts, ends = list(n.attrs["starts"]), list(n.attrs["ends"])
        axes, steps = list(n.attrs.get("axes", range(len(starts)))), [1] * len(starts)
    else:
        starts, ends = [[int(v) for v in s.const(n, i).reshape(-1)] for i in (1, 2)]
        axes = [int(v) for v in s.const(n, 3, np.arange(len(starts)))]
        steps = [int(v) for v in s.const(n, 4, np.ones(len(starts), np.int64))]
    if s.is_const(n, 0):
        index = [slice(None)] * s.consts[n.inputs[0]].ndim
        for axis, start, end, step in zip(axes, starts, ends, steps):
            index[axis] = slice(start, end, step)
        s.fold(n, s.consts[n.inputs[0]][tuple(index)])
        return
    if any(step < 1 for step in steps):
        raise s.refuse(n, f"steps {steps}", "positive steps")
    rank = len(s.shape(n, 0))
    limit = 1 << 40  # ONNX writes "to the end" as a huge number
    ranges = [
        (int(a) % rank, int(b), None if e > limit else int(e), int(c)) for a, b, e, c in zip(axes, starts, ends, steps)
    ]
    if any(r[0] == 0 for r in ranges):
        raise s.refuse(n, "a slice of the batch", "other axes")
    s.emit(n, "slice", [s.value(n, 0)], ranges=ranges)


def _split(s: Importer, n: OnnxNode) -> None:
    shape = s.shape(n, 0)
    axis = int(n.attrs.get("axis", 0)) % len(shape)
    sizes = n.attrs.get("split")
    if sizes is None:
        given = s.const(n, 1)
        count = len(n.outputs)
        sizes = [shape[axis] // count] * count if given is None else [int(v) for v in given]
    start = 0
    for position, size in enumerate(sizes):
        s.emit(n, "slice", [s.value(n, 0)], position=position, ranges=[(axis, start, start + int(size), 1)])
        start += int(size)


def _gather(s: Importer, n: OnnxNode) -> None:
    axis = int(n.attrs.get("axis", 0))
    if s.all_const(n):
        s.fold(n, np.take(s.consts[n.inputs[0]], s.consts[n.inputs[1]].astype(np.int64), axis))
    elif s.is_const(n, 0):
        if axis != 0:
            raise s.refuse(n, f"a table read along axis {axis}", "axis 0")
        s.emit(n, "embedding", [s.value(n, 1)], {"weight": s.consts[n.inputs[0]]})
    else:
        index = s.const(n, 1)
        axis %= len(s.shape(n, 0))
        if index.ndim != 0:
            raise s.refuse(n, f"indices {index.shape} along axis {axis}", "one index")
        s.emit(n, "select", [s.value(n, 0)], axis=axis, index=int(index))


def _pad(s: Importer, n: OnnxNode) -> None:
    mode = n.attrs.get("mode", b"constant").decode()
    if mode != "constant":
        raise s.refuse(n, f"mode {mode}", "constant")
    pads = n.attrs.get("pads")
    pads = [int(p) for p in (s.const(n, 1) if pads is None else pads)]
    half = len(pads) // 2
    value = n.attrs.get("value", s.const(n, 2, np.float32(0.0)))
    s.emit(n, "pad", [s.value(n, 0)], pairs=list(zip(pads[:half], pads[half:])), value=float(value))


def _resize(s: Importer, n: OnnxNode) -> None:
    mode = n.attrs.get("mode", b"nearest").decode()
    scales = s.const(n, 1 if n.op == "Upsample" else 2)
    if (
        mode != "nearest"
        or scales is None
        or len(scales) != 4
        or scales[2] != scales[3]
        or scales[2] != int(scales[2])
        or scales[0] != 1
        or scales[1] != 1
    ):
        raise s.refuse(n, f"mode {mode}, scales {scales}", "nearest by a whole number")
    s.emit(n, "upsample", [s.value(n, 0)], scale=int(scales[2]))


def _expand(s: Importer, n: OnnxNode) -> None:
    target = tuple(int(d) for d in s.const(n, 1))
    if s.is_const(n, 0):
        value = s.consts[n.inputs[0]]
        s.fold(n, np.broadcast_to(value, np.broadcast_shapes(value.shape, target)).copy())
        return
    shape = np.broadcast_shapes(tuple(s.shape(n, 0)), target)
    s.graph.consts[f"ones:{n.name}"] = np.ones(shape, np.float32)
    s.consts[f"ones:{n.name}"] = np.ones(shape, np.float32)
    n.inputs = [n.inputs[0], f"ones:{n.name}"]
    s.emit(n, "mul", [s.value(n, 0), s.value(n, 1)])


HANDLERS: dict[str, Handler] = {
    "Reshape": _reshape,
    "Flatten": _flatten,
    "Squeeze": _squeeze,
    "Unsqueeze": _squeeze,
    "Transpose": _transpose,
    "Concat": _concat,
    "Slice": _slice,
    "Split": _split,
    "Gather": _gather,
    "Pad": _pad,
    "Upsample": _resize,
    "Resize": _resize,
    "Expand": _expand,
}
