# SPDX-License-Identifier: Apache-2.0
"""Builds the graph of a traced torch module, node by node; batch norm folds into what precedes it.

Every node is run on one sample as it is taken in: that gives the shapes that `x.shape` and
`x.size()` ask for, and names a node that does not fit.
"""
from __future__ import annotations

import builtins
import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.fx
from torch import nn

from heddle_quantize.base.errors import BadInput, unknown_name
from heddle_quantize.graph import operations
from heddle_quantize.graph.fold import fold_batchnorm
from heddle_quantize.graph.graph import Graph, Node, check_graph, prune
from heddle_quantize.ingest.torch.tracing import trace

BATCH = "batch"
"""Stands for the size of the leading axis wherever a module asks for it."""
SAMPLES = 2
ARITHMETIC: dict[Any, Callable[[Any, Any], Any]] = {
    operator.add: operator.add,
    operator.sub: operator.sub,
    operator.mul: operator.mul,
    operator.floordiv: operator.floordiv,
    operator.truediv: operator.truediv,
    operator.mod: operator.mod,
    operator.pow: operator.pow,
}


Handler = Callable[..., None]


@dataclass(frozen=True)
class Handlers:
    """What adds a call's operations to the graph: (walk, fx node, module, inputs) for a module,
    (walk, fx node, arguments, keyword arguments) for functions and methods."""

    modules: dict[type, Handler]
    functions: dict[Any, Handler]
    methods: dict[str, Handler]


class GraphWalk:
    """Walks the traced graph.

    `values` says which value of the graph stands for an fx node, `many` which values stand for one that
    makes several, `static` holds what is a number or a shape and no tensor.
    """

    def __init__(self, module: nn.Module, name: str, input_shape: tuple[int, ...], handlers: Handlers) -> None:
        self.handlers = handlers
        self.module = module.eval()
        try:
            self.traced = trace(self.module)
        except Exception as err:  # fx raises many kinds; all mean the same to the user
            raise BadInput(
                f"model '{name}'", f"not traceable by torch.fx ({err})", "a module without data-dependent control flow"
            ) from err
        self.graph = Graph(name, {}, [], [])
        self.input_shape = input_shape
        self.values: dict[torch.fx.Node, str] = {}
        self.many: dict[torch.fx.Node, list[str]] = {}
        self.static: dict[torch.fx.Node, Any] = {}
        self.sample: dict[str, torch.Tensor] = {}
        self.modules = dict(self.traced.named_modules())
        self.tokens = any(isinstance(m, nn.Embedding) for m in self.modules.values())

    def run(self) -> Graph:
        for node in self.traced.graph.nodes:
            try:
                getattr(self, f"_{node.op}")(node)
            except (KeyError, IndexError, ValueError, TypeError, AttributeError) as err:
                raise self.refuse(node, f"{type(err).__name__}: {err}", "arguments the operation takes") from err
        graph = prune(fold_batchnorm(self.graph))
        check_graph(graph)
        return graph

    def refuse(self, node: torch.fx.Node, found: str, expected: str) -> BadInput:
        return BadInput(f"model '{self.graph.name}': node '{node.name}'", found, expected)

    def value(self, user: torch.fx.Node, arg: Any) -> str:
        """The graph's value of an argument; numbers become constants."""
        if isinstance(arg, torch.fx.Node):
            if arg not in self.values:
                raise self.refuse(user, f"'{arg.name}', which is no tensor", "a tensor")
            return self.values[arg]
        if isinstance(arg, (int, float)):
            return self.const(f"{user.name}.const{len(self.graph.consts)}", np.array([arg], "f4"))
        raise self.refuse(user, f"argument {arg!r}", "a tensor or a number")

    def const(self, name: str, value: np.ndarray) -> str:
        self.graph.consts[name] = value
        self.sample[name] = torch.from_numpy(value)
        return name

    def shape(self, value: str) -> list[int]:
        return list(self.sample[value].shape)

    def emit(
        self,
        node: torch.fx.Node,
        op: str,
        inputs: list[str],
        name: str | None = None,
        params: dict[str, np.ndarray | None] | None = None,
        **attrs: Any,
    ) -> str:
        ident = name or node.name
        if ident in self.sample:  # a module called twice, or an inner step of another
            ident = node.name if node.name not in self.sample else f"{ident}.{len(self.sample)}"
        kept = {k: v for k, v in (params or {}).items() if v is not None}
        made = Node(ident, op, inputs, attrs, kept)
        with torch.no_grad():
            self.sample[ident] = operations.apply(made, [self.sample[i] for i in inputs])
        self.graph.nodes.append(made)
        self.values[node] = ident
        return ident

    def _placeholder(self, node: torch.fx.Node) -> None:
        if self.graph.inputs:
            raise self.refuse(node, "a second input", "a module of one input")
        self.graph.inputs[node.name] = self.input_shape
        self.values[node] = node.name
        self.sample[node.name] = torch.from_numpy(first_feed(self.input_shape, self.tokens))

    def _get_attr(self, node: torch.fx.Node) -> None:
        value: Any = self.traced
        for part in str(node.target).split("."):
            value = getattr(value, part)
        self.values[node] = self.const(str(node.target), value.detach().cpu().numpy().astype(np.float32))

    def _output(self, node: torch.fx.Node) -> None:
        if not isinstance(node.args[0], torch.fx.Node) or node.args[0] not in self.values:
            raise self.refuse(node, "several outputs", "one output tensor")
        self.graph.outputs = [self.values[node.args[0]]]

    def _plain(self, value: Any) -> Any:
        """The arguments, with nodes that compute numbers or shapes replaced by these."""
        return torch.fx.node.map_arg(value, lambda n: self.static.get(n, n))

    def _call_module(self, node: torch.fx.Node) -> None:
        module = self.modules[str(node.target)]
        handler = self.handlers.modules.get(type(module))
        if handler is None:
            raise self.refuse(
                node,
                f"module {type(module).__name__} at '{node.target}'",
                f"one of {', '.join(sorted(t.__name__ for t in self.handlers.modules))}",
            )
        handler(self, node, module, [self.value(node, a) for a in node.args])

    def _call_function(self, node: torch.fx.Node) -> None:
        args = list(self._plain(tuple(node.args)))
        if self._call_static(node, args):
            return
        handler = self.handlers.functions.get(node.target)
        if handler is None:
            raise self.refuse(
                node,
                f"function {getattr(node.target, '__name__', node.target)}",
                "a supported function (docs/quantization.md lists them)",
            )
        handler(self, node, args, dict(self._plain(dict(node.kwargs))))

    def _call_static(self, node: torch.fx.Node, args: list[Any]) -> bool:
        """Computes shapes and arithmetic on them; returns whether the node was one of these."""
        if node.target is builtins.getattr and args[1] == "shape":
            self.static[node] = self._size(self.value(node, args[0]))
            return True
        first = node.args[0] if node.args else None
        if node.target is operator.getitem and isinstance(first, torch.fx.Node) and first in self.many:
            self.values[node] = self.many[first][args[1]]
            return True
        if any(isinstance(a, torch.fx.Node) for a in args) or not args:
            return False
        if node.target is operator.getitem:
            self.static[node] = args[0][args[1]]
            return True
        if node.target in ARITHMETIC:
            if BATCH in args:
                raise self.refuse(node, "arithmetic on the batch", "a batch of its own axis")
            self.static[node] = ARITHMETIC[node.target](args[0], args[1])
            return True
        return False

    def _size(self, value: str) -> tuple[Any, ...]:
        return (BATCH, *self.shape(value)[1:])

    def _call_method(self, node: torch.fx.Node) -> None:
        args, kwargs = list(self._plain(tuple(node.args))), dict(self._plain(dict(node.kwargs)))
        if node.target == "size":
            size = self._size(self.value(node, args[0]))
            self.static[node] = size if len(args) == 1 else size[args[1]]
            return
        if node.target not in self.handlers.methods:
            raise unknown_name(
                f"model '{self.graph.name}': node '{node.name}'", "method", str(node.target), self.handlers.methods
            )
        self.handlers.methods[str(node.target)](self, node, args, kwargs)


def first_feed(shape: tuple[int, ...], tokens: bool) -> np.ndarray:
    """A small batch of noise, or of zeros if the module uses its input as token ids."""
    if tokens:
        return np.zeros((SAMPLES,) + shape, np.float32)
    return np.random.default_rng(0).standard_normal((SAMPLES,) + shape).astype(np.float32)
