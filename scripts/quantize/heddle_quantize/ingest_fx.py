# SPDX-License-Identifier: Apache-2.0
"""A torch module, traced by torch.fx, into the graph IR; batch norm folds into what precedes it."""
from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torch.fx
import torch.nn.functional as F
from torch import nn

from . import ir
from .errors import BadInput
from .fold import fold_batchnorm
from .ir import Graph, Node
from .run import output

Args = list[Any]


def _pair(value: Any) -> list[int]:
    return [int(v) for v in value] if isinstance(value, (tuple, list)) else [int(value)] * 2


def _pads(value: Any) -> list[int]:
    y, x = _pair(value)
    return [y, x, y, x]


def _array(value: torch.Tensor | None) -> np.ndarray | None:
    return None if value is None else value.detach().cpu().numpy().astype(np.float32)


class _Ingest:
    """Walks the traced graph; `values` says which IR value stands for an fx node."""

    def __init__(self, module: nn.Module, name: str, input_shape: tuple[int, ...]) -> None:
        self.module = module.eval()
        try:
            self.traced = torch.fx.symbolic_trace(self.module)
        except Exception as err:  # fx raises many kinds; all mean the same to the user
            raise BadInput(f"model '{name}'", f"not traceable by torch.fx ({err})",
                           "a module without data-dependent control flow") from err
        self.graph = Graph(name, {}, [], [])
        self.input_shape = input_shape
        self.values: dict[torch.fx.Node, str] = {}
        self.modules = dict(self.traced.named_modules())

    def run(self) -> Graph:
        for node in self.traced.graph.nodes:
            getattr(self, f"_{node.op}")(node)
        graph = ir.prune(fold_batchnorm(self.graph))
        ir.check(graph)
        return graph

    def refuse(self, node: torch.fx.Node, found: str, expected: str) -> BadInput:
        return BadInput(f"model '{self.graph.name}': node '{node.name}'", found, expected)

    def value(self, user: torch.fx.Node, arg: Any) -> str:
        """The IR value of an argument; numbers become constants."""
        if isinstance(arg, torch.fx.Node):
            return self.values[arg]
        if isinstance(arg, (int, float)):
            return self.const(f"{user.name}.const{len(self.graph.consts)}", np.array([arg], "f4"))
        raise self.refuse(user, f"argument {arg!r}", "a tensor or a number")

    def const(self, name: str, value: np.ndarray) -> str:
        self.graph.consts[name] = value
        return name

    def emit(self, node: torch.fx.Node, op: str, inputs: list[str], name: str | None = None,
             params: dict[str, np.ndarray | None] | None = None, **attrs: Any) -> None:
        ident = name or node.name
        kept = {k: v for k, v in (params or {}).items() if v is not None}
        self.graph.nodes.append(Node(ident, op, inputs, attrs, kept))
        self.values[node] = ident

    def _placeholder(self, node: torch.fx.Node) -> None:
        if self.graph.inputs:
            raise self.refuse(node, "a second input", "a module of one input")
        self.graph.inputs[node.name] = self.input_shape
        self.values[node] = node.name

    def _get_attr(self, node: torch.fx.Node) -> None:
        value: Any = self.traced
        for part in str(node.target).split("."):
            value = getattr(value, part)
        self.values[node] = self.const(str(node.target), _array(value))  # type: ignore[arg-type]

    def _output(self, node: torch.fx.Node) -> None:
        if not isinstance(node.args[0], torch.fx.Node):
            raise self.refuse(node, "several outputs", "one output tensor")
        self.graph.outputs = [self.values[node.args[0]]]

    def _call_module(self, node: torch.fx.Node) -> None:
        module = self.modules[str(node.target)]
        handler = MODULES.get(type(module))
        if handler is None:
            raise self.refuse(node, f"module {type(module).__name__} at '{node.target}'",
                              f"one of {', '.join(sorted(t.__name__ for t in MODULES))}")
        handler(self, node, module, [self.value(node, node.args[0])])

    def _call_function(self, node: torch.fx.Node) -> None:
        handler = FUNCTIONS.get(node.target)  # type: ignore[arg-type]
        if handler is None:
            raise self.refuse(node, f"function {getattr(node.target, '__name__', node.target)}",
                              "a supported function (docs/quantization.md lists them)")
        handler(self, node, list(node.args), dict(node.kwargs))

    def _call_method(self, node: torch.fx.Node) -> None:
        handler = METHODS.get(str(node.target))
        if handler is None:
            raise self.refuse(node, f"method .{node.target}()",
                              f"one of {', '.join(sorted(METHODS))}")
        handler(self, node, list(node.args), dict(node.kwargs))


def _conv(s: _Ingest, node: torch.fx.Node, m: nn.Conv2d, inputs: list[str]) -> None:
    if m.padding_mode != "zeros" or isinstance(m.padding, str):
        raise s.refuse(node, f"padding {m.padding!r} of mode {m.padding_mode}", "numbers, zeros")
    s.emit(node, "conv2d", inputs, str(node.target),
           {"weight": _array(m.weight), "bias": _array(m.bias)}, stride=_pair(m.stride),
           pads=_pads(m.padding), dilation=_pair(m.dilation), groups=m.groups)


def _linear(s: _Ingest, node: torch.fx.Node, m: nn.Linear, inputs: list[str]) -> None:
    s.emit(node, "linear", inputs, str(node.target),
           {"weight": _array(m.weight), "bias": _array(m.bias)})


def _batchnorm(s: _Ingest, node: torch.fx.Node, m: nn.BatchNorm2d, inputs: list[str]) -> None:
    if m.running_mean is None or m.running_var is None:
        raise s.refuse(node, "batch norm without running statistics", "them")
    weight = torch.ones_like(m.running_var) if m.weight is None else m.weight
    bias = torch.zeros_like(m.running_mean) if m.bias is None else m.bias
    scale = (weight.double() / torch.sqrt(m.running_var.double() + m.eps)).detach()
    shift = (bias.double() - m.running_mean.double() * scale).detach()
    s.emit(node, "batchnorm", inputs, str(node.target),
           {"scale": scale.numpy(), "shift": shift.numpy()})


def _pool(s: _Ingest, node: torch.fx.Node, m: Any, inputs: list[str], op: str) -> None:
    attrs: dict[str, Any] = {"kernel": _pair(m.kernel_size), "stride": _pair(m.stride),
                             "pads": _pads(m.padding), "ceil": bool(m.ceil_mode)}
    if op == "avgpool":
        attrs["count_pad"] = bool(m.count_include_pad)
    else:
        attrs["dilation"] = _pair(m.dilation)
    s.emit(node, op, inputs, str(node.target), **attrs)


def _global(s: _Ingest, node: torch.fx.Node, size: Any, inputs: list[str]) -> None:
    if any(v not in (1, None) for v in _pair(size)):
        raise s.refuse(node, f"adaptive pooling to {size}", "to 1 x 1")
    s.emit(node, "mean", inputs, axes=[2, 3], keepdims=True)


def _simple(op: str, **attrs: Any) -> Callable[..., None]:
    def handler(s: _Ingest, node: torch.fx.Node, m: Any, inputs: list[str]) -> None:
        s.emit(node, op, inputs, **attrs)
    return handler


def _alias(s: _Ingest, node: torch.fx.Node, m: Any, inputs: list[str]) -> None:
    s.values[node] = inputs[0]


def _layernorm(s: _Ingest, node: torch.fx.Node, m: nn.LayerNorm, inputs: list[str]) -> None:
    if len(m.normalized_shape) != 1:
        raise s.refuse(node, f"normalised shape {m.normalized_shape}", "the last axis alone")
    s.emit(node, "layernorm", inputs, str(node.target),
           {"weight": _array(m.weight), "bias": _array(m.bias)}, eps=m.eps)


def _embedding(s: _Ingest, node: torch.fx.Node, m: nn.Embedding, inputs: list[str]) -> None:
    s.emit(node, "embedding", inputs, str(node.target), {"weight": _array(m.weight)})


def _flatten_module(s: _Ingest, node: torch.fx.Node, m: nn.Flatten, inputs: list[str]) -> None:
    if m.start_dim != 1 or m.end_dim != -1:
        raise s.refuse(node, "a partial flatten", "start 1, end -1")
    s.emit(node, "reshape", inputs, shape=[-1])


MODULES: dict[type, Callable[..., None]] = {
    nn.Conv2d: _conv, nn.Linear: _linear, nn.BatchNorm2d: _batchnorm, nn.BatchNorm1d: _batchnorm,
    nn.ReLU: _simple("relu"), nn.ReLU6: _simple("clip", low=0.0, high=6.0),
    nn.Sigmoid: _simple("sigmoid"), nn.Tanh: _simple("tanh"), nn.SiLU: _simple("silu"),
    nn.GELU: lambda s, n, m, i: s.emit(n, "gelu", i, approximate=m.approximate),
    nn.Hardswish: _simple("hardswish"), nn.Hardsigmoid: _simple("hardsigmoid"),
    nn.LeakyReLU: lambda s, n, m, i: s.emit(n, "leaky_relu", i, slope=m.negative_slope),
    nn.Softmax: lambda s, n, m, i: s.emit(n, "softmax", i, axis=m.dim),
    nn.MaxPool2d: lambda s, n, m, i: _pool(s, n, m, i, "maxpool"),
    nn.AvgPool2d: lambda s, n, m, i: _pool(s, n, m, i, "avgpool"),
    nn.AdaptiveAvgPool2d: lambda s, n, m, i: _global(s, n, m.output_size, i),
    nn.Flatten: _flatten_module, nn.Dropout: _alias, nn.Dropout2d: _alias, nn.Identity: _alias,
    nn.LayerNorm: _layernorm, nn.Embedding: _embedding,
    nn.Upsample: lambda s, n, m, i: s.emit(n, "upsample", i, scale=m.scale_factor, mode=m.mode),
    nn.LocalResponseNorm: lambda s, n, m, i: s.emit(n, "lrn", i, size=m.size, alpha=m.alpha,
                                                   beta=m.beta, bias=m.k),
}


def _binary(op: str) -> Callable[..., None]:
    def handler(s: _Ingest, node: torch.fx.Node, args: Args, kwargs: dict[str, Any]) -> None:
        s.emit(node, op, [s.value(node, a) for a in args[:2]])
    return handler


def _unary(op: str, **attrs: Any) -> Callable[..., None]:
    def handler(s: _Ingest, node: torch.fx.Node, args: Args, kwargs: dict[str, Any]) -> None:
        s.emit(node, op, [s.value(node, args[0])], **attrs)
    return handler


def _flatten(s: _Ingest, node: torch.fx.Node, args: Args, kwargs: dict[str, Any]) -> None:
    start = args[1] if len(args) > 1 else kwargs.get("start_dim", 0)
    end = args[2] if len(args) > 2 else kwargs.get("end_dim", -1)
    if start != 1 or end != -1:
        raise s.refuse(node, f"flatten({start}, {end})", "flatten(1): the batch stays")
    s.emit(node, "reshape", [s.value(node, args[0])], shape=[-1])


def _view(s: _Ingest, node: torch.fx.Node, args: Args, kwargs: dict[str, Any]) -> None:
    shape = list(args[1]) if isinstance(args[1], (tuple, list)) else list(args[1:])
    if not all(isinstance(n, int) for n in shape[1:]):
        raise s.refuse(node, f"shape {shape}", "numbers after the batch")
    s.emit(node, "reshape", [s.value(node, args[0])], shape=shape[1:])


def _cat(s: _Ingest, node: torch.fx.Node, args: Args, kwargs: dict[str, Any]) -> None:
    axis = args[1] if len(args) > 1 else kwargs.get("dim", 0)
    s.emit(node, "concat", [s.value(node, a) for a in args[0]], axis=int(axis))


def _pool_function(op: str) -> Callable[..., None]:
    def handler(s: _Ingest, node: torch.fx.Node, args: Args, kwargs: dict[str, Any]) -> None:
        names = ["input", "kernel_size", "stride", "padding"]
        given = {**dict(zip(names, args)), **kwargs}
        kernel = _pair(given["kernel_size"])
        s.emit(node, op, [s.value(node, given["input"])], kernel=kernel,
               stride=_pair(given.get("stride") or kernel), pads=_pads(given.get("padding", 0)),
               ceil=bool(given.get("ceil_mode", False)))
    return handler


def _mean(s: _Ingest, node: torch.fx.Node, args: Args, kwargs: dict[str, Any]) -> None:
    axes = args[1] if len(args) > 1 else kwargs.get("dim")
    keep = args[2] if len(args) > 2 else kwargs.get("keepdim", False)
    axes = [axes] if isinstance(axes, int) else list(axes)
    s.emit(node, "mean", [s.value(node, args[0])], axes=axes, keepdims=bool(keep))


def _permute(s: _Ingest, node: torch.fx.Node, args: Args, kwargs: dict[str, Any]) -> None:
    perm = list(args[1]) if isinstance(args[1], (tuple, list)) else list(args[1:])
    s.emit(node, "transpose", [s.value(node, args[0])], perm=perm)


def _softmax(s: _Ingest, node: torch.fx.Node, args: Args, kwargs: dict[str, Any]) -> None:
    axis = args[1] if len(args) > 1 else kwargs.get("dim", -1)
    s.emit(node, "softmax", [s.value(node, args[0])], axis=int(axis))


def _getitem(s: _Ingest, node: torch.fx.Node, args: Args, kwargs: dict[str, Any]) -> None:
    index = args[1] if isinstance(args[1], tuple) else (args[1],)
    if not all(isinstance(i, slice) for i in index):
        raise s.refuse(node, f"index {index}", "slices")
    ranges = [(axis, i.start, i.stop, i.step) for axis, i in enumerate(index)]
    s.emit(node, "slice", [s.value(node, args[0])], ranges=ranges)


def _pad(s: _Ingest, node: torch.fx.Node, args: Args, kwargs: dict[str, Any]) -> None:
    given = {**dict(zip(["input", "pad", "mode", "value"], args)), **kwargs}
    if given.get("mode", "constant") != "constant":
        raise s.refuse(node, f"pad mode {given['mode']}", "constant")
    flat = list(given["pad"])
    pairs = [(0, 0)] * 4
    for position in range(len(flat) // 2):
        pairs[3 - position] = (flat[2 * position], flat[2 * position + 1])
    s.emit(node, "pad", [s.value(node, given["input"])], pairs=pairs,
           value=float(given.get("value") or 0.0))


def _skip(s: _Ingest, node: torch.fx.Node, args: Args, kwargs: dict[str, Any]) -> None:
    s.values[node] = s.value(node, args[0])


FUNCTIONS: dict[Any, Callable[..., None]] = {
    operator.add: _binary("add"), operator.iadd: _binary("add"), torch.add: _binary("add"),
    operator.sub: _binary("sub"), torch.sub: _binary("sub"), operator.mul: _binary("mul"),
    torch.mul: _binary("mul"), operator.truediv: _binary("div"), torch.div: _binary("div"),
    torch.matmul: _binary("matmul"), operator.matmul: _binary("matmul"),
    torch.bmm: _binary("matmul"), F.relu: _unary("relu"), torch.relu: _unary("relu"),
    F.relu6: _unary("clip", low=0.0, high=6.0), F.gelu: _unary("gelu"), F.silu: _unary("silu"),
    torch.sigmoid: _unary("sigmoid"), torch.tanh: _unary("tanh"), torch.flatten: _flatten,
    torch.cat: _cat, F.max_pool2d: _pool_function("maxpool"), torch.mean: _mean,
    F.avg_pool2d: _pool_function("avgpool"), F.softmax: _softmax, torch.softmax: _softmax,
    F.adaptive_avg_pool2d: lambda s, n, a, k: _global(s, n, a[1], [s.value(n, a[0])]),
    torch.permute: _permute, operator.getitem: _getitem, F.pad: _pad, F.dropout: _skip,
}
METHODS: dict[str, Callable[..., None]] = {
    "view": _view, "reshape": _view, "flatten": _flatten, "mean": _mean, "permute": _permute,
    "relu": _unary("relu"), "softmax": _softmax, "contiguous": _skip, "add": _binary("add"),
    "mul": _binary("mul"), "matmul": _binary("matmul"), "sigmoid": _unary("sigmoid"),
    "tanh": _unary("tanh"),
}


def ingest_module(module: nn.Module, name: str, input_shape: tuple[int, ...]) -> Graph:
    """`input_shape` leaves out the batch. The graph is held against the module on one input."""
    graph = _Ingest(module, name, input_shape).run()
    if any(node.op == "embedding" for node in graph.nodes):
        feed = np.zeros((2,) + input_shape, np.float32)
    else:
        feed = np.random.default_rng(0).standard_normal((2,) + input_shape).astype(np.float32)
    with torch.no_grad():
        tokens = torch.from_numpy(feed)
        expected = module(tokens.long() if not feed.any() else tokens).numpy()
    got = output(graph, {next(iter(graph.inputs)): feed})
    tolerance = 1e-3 * max(1.0, float(np.abs(expected).max()))
    if expected.shape != got.shape or np.abs(expected - got).max() > tolerance:
        raise BadInput(f"model '{name}'", "outputs of the ingested graph that differ from the "
                       "module's", f"agreement within {tolerance:.2g}")
    return graph
