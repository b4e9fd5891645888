# SPDX-License-Identifier: Apache-2.0
"""What torch functions and methods become in the graph."""
from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import torch
import torch.fx
import torch.nn.functional as F

from heddle_quantize.ingest.torch.arguments import Args, as_pads, as_pair
from heddle_quantize.ingest.torch.graph_walk import BATCH, GraphWalk
from heddle_quantize.ingest.torch.shared_operations import flatten_value, global_mean


def _binary(op: str) -> Callable[..., None]:
    def handler(s: GraphWalk, node: torch.fx.Node, args: Args, kwargs: dict[str, Any]) -> None:
        s.emit(node, op, [s.value(node, a) for a in args[:2]])

    return handler


def _unary(op: str, **attrs: Any) -> Callable[..., None]:
    def handler(s: GraphWalk, node: torch.fx.Node, args: Args, kwargs: dict[str, Any]) -> None:
        s.emit(node, op, [s.value(node, args[0])], **attrs)

    return handler


def _flatten(s: GraphWalk, node: torch.fx.Node, args: Args, kwargs: dict[str, Any]) -> None:
    start = args[1] if len(args) > 1 else kwargs.get("start_dim", 0)
    end = args[2] if len(args) > 2 else kwargs.get("end_dim", -1)
    flatten_value(s, node, s.value(node, args[0]), start, end)


def _view(s: GraphWalk, node: torch.fx.Node, args: Args, kwargs: dict[str, Any]) -> None:
    shape = list(args[1]) if isinstance(args[1], (tuple, list)) else list(args[1:])
    if not all(isinstance(n, int) for n in shape[1:]) or shape[0] not in (BATCH, -1, 1):
        raise s.refuse(node, f"shape {shape}", "the batch, then numbers")
    s.emit(node, "reshape", [s.value(node, args[0])], shape=shape[1:])


def _cat(s: GraphWalk, node: torch.fx.Node, args: Args, kwargs: dict[str, Any]) -> None:
    axis = args[1] if len(args) > 1 else kwargs.get("dim", 0)
    s.emit(node, "concat", [s.value(node, a) for a in args[0]], axis=int(axis))


def _pool_function(op: str) -> Callable[..., None]:
    def handler(s: GraphWalk, node: torch.fx.Node, args: Args, kwargs: dict[str, Any]) -> None:
        names = ["input", "kernel_size", "stride", "padding"]
        given = {**dict(zip(names, args)), **kwargs}
        kernel = as_pair(given["kernel_size"])
        s.emit(
            node,
            op,
            [s.value(node, given["input"])],
            kernel=kernel,
            stride=as_pair(given.get("stride") or kernel),
            pads=as_pads(given.get("padding", 0)),
            ceil=bool(given.get("ceil_mode", False)),
        )

    return handler


def _mean(s: GraphWalk, node: torch.fx.Node, args: Args, kwargs: dict[str, Any]) -> None:
    axes = args[1] if len(args) > 1 else kwargs.get("dim")
    keep = args[2] if len(args) > 2 else kwargs.get("keepdim", False)
    axes = [axes] if isinstance(axes, int) else list(axes)
    s.emit(node, "mean", [s.value(node, args[0])], axes=axes, keepdims=bool(keep))


def _permute(s: GraphWalk, node: torch.fx.Node, args: Args, kwargs: dict[str, Any]) -> None:
    perm = list(args[1]) if isinstance(args[1], (tuple, list)) else list(args[1:])
    s.emit(node, "transpose", [s.value(node, args[0])], perm=perm)


def _softmax(s: GraphWalk, node: torch.fx.Node, args: Args, kwargs: dict[str, Any]) -> None:
    axis = args[1] if len(args) > 1 else kwargs.get("dim", -1)
    s.emit(node, "softmax", [s.value(node, args[0])], axis=int(axis))


def _getitem(s: GraphWalk, node: torch.fx.Node, args: Args, kwargs: dict[str, Any]) -> None:
    index = args[1] if isinstance(args[1], tuple) else (args[1],)
    if not all(isinstance(i, (slice, int)) for i in index):
        raise s.refuse(node, f"index {index}", "slices and numbers")
    value = s.value(node, args[0])
    ranges = [
        (axis, i.start, i.stop, i.step) for axis, i in enumerate(index) if isinstance(i, slice) and i != slice(None)
    ]
    if ranges:
        value = s.emit(node, "slice", [value], ranges=ranges)
    for axis in reversed([a for a, i in enumerate(index) if isinstance(i, int)]):
        value = s.emit(node, "select", [value], f"{node.name}.at{axis}", axis=axis, index=index[axis])
    s.values[node] = value


def _pad(s: GraphWalk, node: torch.fx.Node, args: Args, kwargs: dict[str, Any]) -> None:
    given = {**dict(zip(["input", "pad", "mode", "value"], args)), **kwargs}
    if given.get("mode", "constant") != "constant":
        raise s.refuse(node, f"pad mode {given['mode']}", "constant")
    flat = list(given["pad"])
    pairs = [(0, 0)] * 4
    for position in range(len(flat) // 2):
        pairs[3 - position] = (flat[2 * position], flat[2 * position + 1])
    s.emit(node, "pad", [s.value(node, given["input"])], pairs=pairs, value=float(given.get("value") or 0.0))


def _transpose(s: GraphWalk, node: torch.fx.Node, args: Args, kwargs: dict[str, Any]) -> None:
    value = s.value(node, args[0])
    perm = list(range(len(s.shape(value))))
    a, b = (n % len(perm) for n in args[1:3])
    perm[a], perm[b] = perm[b], perm[a]
    s.emit(node, "transpose", [value], perm=perm)


def _parts(s: GraphWalk, node: torch.fx.Node, args: Args, kwargs: dict[str, Any]) -> None:
    """chunk, split and unbind make several values, which the module then picks by index."""
    name = getattr(node.target, "__name__", str(node.target))
    value = s.value(node, args[0])
    unbind = name == "unbind"
    axis = kwargs.get("dim", args[1 if unbind else 2] if len(args) > (1 if unbind else 2) else 0)
    size = s.shape(value)[axis]
    if unbind:
        s.many[node] = [s.emit(node, "select", [value], f"{node.name}.{i}", axis=axis, index=i) for i in range(size)]
        return
    steps = -(-size // args[1]) if name == "chunk" else args[1]
    sizes = (
        list(steps)
        if isinstance(steps, (list, tuple))
        else [min(steps, size - start) for start in range(0, size, steps)]
    )
    starts = [sum(sizes[:i]) for i in range(len(sizes))]
    s.many[node] = [
        s.emit(node, "slice", [value], f"{node.name}.{i}", ranges=[(axis, a, a + n, 1)])
        for i, (a, n) in enumerate(zip(starts, sizes))
    ]


def _squeeze(s: GraphWalk, node: torch.fx.Node, args: Args, kwargs: dict[str, Any]) -> None:
    value, axis = s.value(node, args[0]), args[1] if len(args) > 1 else kwargs.get("dim")
    if axis is None or axis == 0:
        raise s.refuse(node, f"axis {axis}", "one axis behind the batch")
    name = getattr(node.target, "__name__", str(node.target))
    shaped = torch.empty(s.shape(value))
    shaped = shaped.squeeze(axis) if name == "squeeze" else shaped.unsqueeze(axis)
    s.emit(node, "reshape", [value], shape=list(shaped.shape[1:]))


def _expand(s: GraphWalk, node: torch.fx.Node, args: Args, kwargs: dict[str, Any]) -> None:
    """Expands along the batch only, which needs no node: operations on the value broadcast it."""
    value = s.value(node, args[0])
    sizes = list(args[1]) if isinstance(args[1], (tuple, list)) else list(args[1:])
    if sizes[0] not in (BATCH, -1) or any(n not in (-1, d) for n, d in zip(sizes[1:], s.shape(value)[1:])):
        raise s.refuse(node, f"sizes {sizes} of {s.shape(value)}", "the batch, then -1")
    s.values[node] = value


def _clamp(s: GraphWalk, node: torch.fx.Node, args: Args, kwargs: dict[str, Any]) -> None:
    given = {**dict(zip(["input", "min", "max"], args)), **kwargs}
    s.emit(node, "clip", [s.value(node, args[0])], low=given.get("min"), high=given.get("max"))


def _interpolate(s: GraphWalk, node: torch.fx.Node, args: Args, kwargs: dict[str, Any]) -> None:
    given = {**dict(zip(["input", "size", "scale_factor", "mode"], args)), **kwargs}
    if given.get("size") is not None or given.get("mode", "nearest") != "nearest":
        raise s.refuse(node, f"size {given.get('size')}, mode {given.get('mode')}", "a scale factor, nearest")
    s.emit(node, "upsample", [s.value(node, given["input"])], scale=given["scale_factor"])


def _skip(s: GraphWalk, node: torch.fx.Node, args: Args, kwargs: dict[str, Any]) -> None:
    s.values[node] = s.value(node, args[0])


FUNCTIONS: dict[Any, Callable[..., None]] = {
    operator.add: _binary("add"),
    operator.iadd: _binary("add"),
    torch.add: _binary("add"),
    operator.sub: _binary("sub"),
    torch.sub: _binary("sub"),
    operator.mul: _binary("mul"),
    torch.mul: _binary("mul"),
    operator.truediv: _binary("div"),
    torch.div: _binary("div"),
    torch.matmul: _binary("matmul"),
    operator.matmul: _binary("matmul"),
    torch.bmm: _binary("matmul"),
    F.relu: _unary("relu"),
    torch.relu: _unary("relu"),
    F.relu6: _unary("clip", low=0.0, high=6.0),
    F.gelu: _unary("gelu"),
    F.silu: _unary("silu"),
    torch.sigmoid: _unary("sigmoid"),
    torch.tanh: _unary("tanh"),
    torch.flatten: _flatten,
    torch.cat: _cat,
    F.max_pool2d: _pool_function("maxpool"),
    torch.mean: _mean,
    F.avg_pool2d: _pool_function("avgpool"),
    F.softmax: _softmax,
    torch.softmax: _softmax,
    F.adaptive_avg_pool2d: lambda s, n, a, k: global_mean(s, n, a[1], [s.value(n, a[0])]),
    torch.permute: _permute,
    operator.getitem: _getitem,
    F.pad: _pad,
    F.dropout: _skip,
    torch.transpose: _transpose,
    torch.chunk: _parts,
    torch.split: _parts,
    torch.unbind: _parts,
    torch.squeeze: _squeeze,
    torch.unsqueeze: _squeeze,
    torch.clamp: _clamp,
    torch.pow: _binary("pow"),
    torch.sqrt: _unary("sqrt"),
    torch.erf: _unary("erf"),
    F.hardswish: _unary("hardswish"),
    F.hardsigmoid: _unary("hardsigmoid"),
    F.interpolate: _interpolate,
    operator.imul: _binary("mul"),
    operator.neg: _unary("neg"),
    operator.pow: _binary("pow"),
}
METHODS: dict[str, Callable[..., None]] = {
    "view": _view,
    "reshape": _view,
    "flatten": _flatten,
    "mean": _mean,
    "permute": _permute,
    "relu": _unary("relu"),
    "softmax": _softmax,
    "contiguous": _skip,
    "add": _binary("add"),
    "mul": _binary("mul"),
    "matmul": _binary("matmul"),
    "sigmoid": _unary("sigmoid"),
    "tanh": _unary("tanh"),
    "transpose": _transpose,
    "chunk": _parts,
    "split": _parts,
    "unbind": _parts,
    "squeeze": _squeeze,
    "unsqueeze": _squeeze,
    "expand": _expand,
    "clamp": _clamp,
    "sub": _binary("sub"),
    "div": _binary("div"),
    "pow": _binary("pow"),
    "sqrt": _unary("sqrt"),
    "add_": _binary("add"),
    "mul_": _binary("mul"),
    "clone": _skip,
}
