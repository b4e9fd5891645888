# SPDX-License-Identifier: Apache-2.0
"""Builds the graph of an ONNX model, node by node.

Shapes are found by running every node on one sample as it is taken in, so no shape inference is
needed, and a node that does not fit its inputs is named. What depends on constants and shapes
alone is folded. The batch is the leading axis of every value and stays free.
"""
from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from heddle_quantize.base.errors import BadInput, unknown_name
from heddle_quantize.graph import operations
from heddle_quantize.graph.graph import Graph, Node
from heddle_quantize.ingest.onnx.node import OnnxNode

OPSET_MAX = 17
# element types of ONNX's TensorProto
FLOATS, INTEGERS = (1, 11, 10), (6, 7)


Handler = Callable[["Importer", OnnxNode], None]
"""Adds what one ONNX node computes to the importer's graph, or to its constants."""


class Importer:
    """Walks the nodes of a model and hands each to the handler of its operator.

    `consts` holds the values known now, `sample` one concrete value of everything else.
    """

    def __init__(self, model: Any, path: Path, handlers: dict[str, Handler]) -> None:
        self.handlers = handlers
        self.model = model
        self.path = path
        self.graph = Graph(path.stem, {}, [], [])
        self.consts: dict[str, np.ndarray] = {}
        self.sample: dict[str, torch.Tensor] = {}
        self.names: dict[str, str] = {}  # ONNX value -> value of the graph
        self.ids: set[str] = set()
        self.opset = 0

    def refuse(self, node: OnnxNode, found: str, expected: str) -> BadInput:
        return BadInput(f"{self.path}: node '{node.name}' ({node.op})", found, expected)

    def handler(self, node: OnnxNode) -> Handler:
        found = self.handlers.get(node.op)
        if found is None or node.domain not in ("", "ai.onnx"):
            raise unknown_name(
                f"{self.path}: node '{node.name}'",
                "operator",
                f"{node.domain + '.' if node.domain else ''}{node.op}",
                self.handlers,
            )
        return found

    def taken(self, node: OnnxNode, first: int) -> None:
        """Called after each ONNX node; the graph's nodes from index `first` on were made by it."""

    def run(self) -> Graph:
        self._header()
        for index, proto in enumerate(self.model.graph.node):
            node = OnnxNode(proto, index, self.path)
            for name in node.inputs:
                if name and name not in self.consts and name not in self.names:
                    raise self.refuse(node, f"input '{name}'", "a value made by an earlier node")
            handler, first = self.handler(node), len(self.graph.nodes)
            try:
                handler(self, node)
                self.taken(node, first)
            except (KeyError, IndexError, ValueError, TypeError, RuntimeError, AssertionError, AttributeError) as err:
                raise self.refuse(
                    node,
                    f"{type(err).__name__}: {str(err).splitlines()[:1]}",
                    "attributes and inputs the operator takes",
                ) from err
        self._outputs()
        return self.graph

    def _header(self) -> None:
        for entry in self.model.opset_import:
            if entry.domain in ("", "ai.onnx"):
                self.opset = int(entry.version)
        if not 7 <= self.opset <= OPSET_MAX:
            raise BadInput(str(self.path), f"opset {self.opset}", f"7 to {OPSET_MAX}")
        for tensor in self.model.graph.initializer:
            self.consts[tensor.name] = self.tensor(tensor)
        for value in self.model.graph.input:
            if value.name not in self.consts:
                self._input(value)
        if not self.graph.inputs:
            raise BadInput(str(self.path), "no input", "a graph with at least one")

    def _input(self, value: Any) -> None:
        kind = value.type.tensor_type
        if kind.elem_type not in FLOATS + INTEGERS:
            raise BadInput(
                f"{self.path}: input '{value.name}'", f"element type {kind.elem_type}", "float, or integer token ids"
            )
        dims = [d.dim_value for d in kind.shape.dim]
        if len(dims) < 2 or any(d < 1 for d in dims[1:]):
            raise BadInput(f"{self.path}: input '{value.name}'", f"shape {dims}", "a batch and then fixed dimensions")
        shape = tuple(int(d) for d in dims[1:])
        self.graph.inputs[value.name] = shape
        rng = np.random.default_rng(0)
        data = np.zeros((1,) + shape) if kind.elem_type in INTEGERS else rng.standard_normal((1,) + shape)
        self.sample[value.name] = torch.from_numpy(data.astype(np.float32))
        self.names[value.name] = value.name
        self.ids.add(value.name)

    def _outputs(self) -> None:
        for value in self.model.graph.output[:1]:
            if value.name not in self.names:
                raise BadInput(
                    f"{self.path}: output '{value.name}'", "a constant or nothing", "a value that depends on the input"
                )
            self.graph.outputs.append(self.names[value.name])
        if not self.graph.outputs:
            raise BadInput(str(self.path), "no output", "one")

    # what handlers use

    def tensor(self, tensor: Any) -> np.ndarray:
        """The values of an ONNX tensor inside the file."""
        import onnx.numpy_helper

        if tensor.data_location == 1:
            raise BadInput(f"{self.path}: tensor '{tensor.name}'", "external data", "weights inside the file")
        try:
            value = onnx.numpy_helper.to_array(tensor)
        except Exception as err:  # truncated data, unknown types: numpy and onnx raise many kinds
            raise BadInput(
                f"{self.path}: tensor '{tensor.name}'",
                f"unreadable data ({err})",
                f"{list(tensor.dims)} values of its type",
            ) from err
        if value.dtype.kind == "f" and not np.isfinite(value).all():
            users = [n.name or n.output[0] for n in self.model.graph.node if tensor.name in n.input]
            raise BadInput(
                f"{self.path}: tensor '{tensor.name}' of node '{', '.join(users)}'",
                "NaN or infinite values",
                "finite numbers",
            )
        return np.array(value)  # a copy: the buffer of the file is read-only

    def all_const(self, node: OnnxNode) -> bool:
        return all(not name or name in self.consts for name in node.inputs)

    def axes(self, node: OnnxNode, index: int = 1) -> list[int] | None:
        """Axes from the attribute (older opsets) or from input `index` (newer ones)."""
        if "axes" in node.attrs:
            return [int(a) for a in node.attrs["axes"]]
        found = self.const(node, index)
        return None if found is None else [int(a) for a in found.reshape(-1)]

    def const(self, node: OnnxNode, index: int, default: Any = None) -> Any:
        """An input that must be a constant."""
        if index >= len(node.inputs) or not node.inputs[index]:
            return default
        name = node.inputs[index]
        if name not in self.consts:
            raise self.refuse(node, f"input '{name}' computed from the network's input", "a constant")
        return self.consts[name]

    def is_const(self, node: OnnxNode, index: int) -> bool:
        return node.inputs[index] in self.consts

    def shape(self, node: OnnxNode, index: int) -> list[int]:
        return list(self.sample[self.names[node.inputs[index]]].shape)

    def value(self, node: OnnxNode, index: int) -> str:
        """The graph's value of an input; a constant of the file becomes one of the graph."""
        name = node.inputs[index]
        if name in self.names:
            return self.names[name]
        array = self.consts[name].astype(np.float32)
        ident = f"const:{name}"
        self.graph.consts[ident] = array
        self.sample[ident] = torch.from_numpy(np.ascontiguousarray(array))
        return ident

    def emit(
        self,
        node: OnnxNode,
        op: str,
        inputs: list[str],
        params: dict[str, np.ndarray | None] | None = None,
        position: int = 0,
        name: str | None = None,
        **attrs: Any,
    ) -> str:
        """Adds a node to the graph for the ONNX node's output `position` (or an inner step called `name`)."""
        ident = self._unique(name or (node.name if len(node.outputs) < 2 else f"{node.name}.{position}"))
        kept = {k: v for k, v in (params or {}).items() if v is not None}
        made = Node(ident, op, inputs, attrs, kept)
        with torch.no_grad():
            self.sample[ident] = operations.apply(made, [self.sample[i] for i in inputs])
        self.graph.nodes.append(made)
        if name is None:
            self.names[node.outputs[position]] = ident
        return ident

    def alias(self, node: OnnxNode, value: str) -> None:
        self.names[node.outputs[0]] = value

    def fold(self, node: OnnxNode, value: np.ndarray) -> None:
        self.consts[node.outputs[0]] = np.asarray(value)

    def _unique(self, base: str) -> str:
        ident, count = base, 2
        while ident in self.ids:
            ident, count = f"{base}.{count}", count + 1
        self.ids.add(ident)
        return ident
