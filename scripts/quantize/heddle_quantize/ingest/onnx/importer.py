# SPDX-License-Identifier: Apache-2.0
"""Builds the graph of an ONNX model, node by node.

Shapes are found by running every node on one sample as it is taken in, so no shape inference is
needed, and a node that does not fit its inputs is named. What depends on constants and shapes
alone is computed at once, by the same operations and in the element types of the file. The batch is the
leading axis of every value and stays free, except in graphs of whole tensors (graph.Graph.whole).
"""
from __future__ import annotations


import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import torch

from heddle_quantize.base.errors import BadInput, nearest
from heddle_quantize.graph import operations
from heddle_quantize.graph.graph import Graph, Node
from heddle_quantize.ingest.onnx.inputs import read_inputs
from heddle_quantize.ingest.onnx.node import OnnxNode, text
from heddle_quantize.ingest.onnx.operator import KINDS, Operator, complaint, kind_of
from heddle_quantize.ingest.onnx.tensors import Tensors

OPSET_MAX = 21
CONST = "const:"
"""What names of constants begin with among the graph's values."""
ID_MAX = 4000
"""Characters of a node's name that are kept as they are; the schema of traces allows 4096."""
FAULTS = (
    KeyError,
    IndexError,
    ValueError,
    TypeError,
    RuntimeError,
    AssertionError,
    AttributeError,
    ArithmeticError,
    StopIteration,
    MemoryError,
)
"""What handlers raise where a node lacks an attribute or holds a value that makes no sense."""
QUANTIZED = (
    "QuantizeLinear",
    "DequantizeLinear",
    "DynamicQuantizeLinear",
    "QLinearConv",
    "QLinearMatMul",
    "ConvInteger",
    "MatMulInteger",
    "QLinearAdd",
    "QGemm",
    "MatMulNBits",
    "Quant",
    "IntQuant",
    "BipolarQuant",
    "FloatQuant",
    "Trunc",
)


def as_torch(value: np.ndarray) -> torch.Tensor:
    """The array in its own element type, or in a wider one where torch lacks it."""
    if value.dtype.kind == "u" and value.dtype.itemsize > 1:
        value = value.astype(np.int64)
    elif value.dtype == np.float16:
        value = value.astype(np.float32)
    return torch.from_numpy(np.asarray(value, order="C"))  # ascontiguousarray would give a number an axis


class Importer:
    """Walks the nodes of a model and hands each to the handler of its operator.

    `consts` holds the values known now, `sample` one concrete value of everything else, `dtypes` its element type
    in the file.
    """

    def __init__(
        self,
        model: Any,
        path: Path,
        table: dict[str, Operator],
        shapes: dict[str, tuple[int, ...]] | None = None,
        weightless: bool = False,
        whole: bool = False,
    ) -> None:
        self.table = table
        self.model = model
        self.path = path
        self.tensors = Tensors(path, weightless)
        self.shapes = shapes or {}
        self.graph = Graph(path.stem, {}, [], [], whole=whole, single=whole)
        self.consts: dict[str, np.ndarray] = {}
        self.sample: dict[str, torch.Tensor] = {}
        self.dtypes: dict[str, np.dtype] = {}
        self.names: dict[str, str] = {}  # ONNX value -> value of the graph
        self.ids: set[str] = set()
        self.batch = 1  # what the file fixes as the leading axis, 1 where it is free
        self.free_batch = False  # whether the file leaves the leading axis free
        self.opset = 0

    def refuse(self, node: OnnxNode, found: str, expected: str) -> BadInput:
        return BadInput(f"{self.path}: node '{node.name}' ({node.op})", found, expected)

    def taken(self, node: OnnxNode, first: int) -> None:
        """Called after each ONNX node; the graph's nodes from index `first` on were made by it."""

    def row(self, node: OnnxNode) -> Operator:
        """The operator's row of the table, or a refusal that names the node."""
        found = self.table.get(node.op) if node.domain in ("", "ai.onnx") else None
        if found is not None:
            return found
        full = f"{node.domain + '.' if node.domain else ''}{node.op}"
        where = f"{self.path}: node '{node.name}'"
        if node.op in QUANTIZED:
            raise BadInput(
                where,
                f"operator '{full}' of a network that is quantized already",
                "a float network, or one whose quantizers have constant scales, as docs/quantization.md lists them",
            )
        others = sorted({text(n.op_type) for n in self.model.graph.node} - set(self.table) - {node.op})
        also = f" (and {', '.join(others)} further on)" if others else ""
        raise BadInput(
            where,
            f"unknown operator '{full}'{also}",
            "an operator that docs/quantization.md lists",
            nearest(node.op, self.table),
        )

    def run(self) -> Graph:
        self._header()
        self.run_nodes(self.model.graph.node)
        self._outputs()
        return self.graph

    def run_nodes(self, protos: Any) -> None:
        for index, proto in enumerate(protos):
            node = OnnxNode(proto, index, self.path)
            row, first = self._checked(node), len(self.graph.nodes)
            try:
                row.handler(self, node)
                self._check_outputs(node)
                self.taken(node, first)
            except FAULTS as err:
                raise self.refuse(
                    node,
                    f"{type(err).__name__}: {str(err).splitlines()[:1]}",
                    "attributes and inputs the operator takes",
                ) from err

    def _checked(self, node: OnnxNode) -> Operator:
        for name in node.inputs:
            if name and name not in self.consts and name not in self.names:
                raise self.refuse(node, f"input '{name}'", "a value made by an earlier node")
        row = self.row(node)
        found = complaint(row, node, self.opset)
        if found is not None:
            raise self.refuse(node, *found)
        for name in node.inputs:
            kind = kind_of(self.dtypes[self.names[name]]) if name in self.names else "f"
            if name in self.names and kind not in row.types:
                raise self.refuse(
                    node,
                    f"input '{name}' of {KINDS[kind]}",
                    " or ".join([KINDS[k] for k in row.types] + ["a constant"]),
                )
        if node.inputs and node.inputs[0]:
            rank, (least, most) = len(self.shape(node, 0)), row.ranks
            if rank < least or (most is not None and rank > most):
                raise self.refuse(node, f"rank {rank}", f"rank {least}" + ("" if least == most else f" to {most or 8}"))
        return row

    def _check_outputs(self, node: OnnxNode) -> None:
        for name in node.outputs:
            if name and name not in self.names and name not in self.consts and name in self.read:
                raise self.refuse(node, f"output '{name}', which something reads", "only the outputs before it")

    def _header(self) -> None:
        for entry in self.model.opset_import:
            if entry.domain in ("", "ai.onnx"):
                self.opset = int(entry.version)
        if not 7 <= self.opset <= OPSET_MAX:
            raise BadInput(str(self.path), f"opset {self.opset}", f"7 to {OPSET_MAX}")
        users = {name: OnnxNode.name_of(n) for n in self.model.graph.node for name in n.input}
        for tensor in self.model.graph.initializer:
            self.consts[tensor.name] = self.tensors.read(tensor, users.get(tensor.name, ""))
        self.read = _names_read(self.model.graph)
        read_inputs(self)

    def add_input(self, name: str, shape: tuple[int, ...], dtype: np.dtype) -> None:
        """An input of the network; `shape` includes the batch."""
        self.graph.inputs[name] = shape if self.graph.whole else shape[1:]
        self.graph.kinds[name] = kind_of(dtype)
        rng = np.random.default_rng(0)
        data = rng.standard_normal(shape) if dtype.kind == "f" else np.zeros(shape)
        self.sample[name] = torch.from_numpy(np.asarray(data, np.float32))
        self.dtypes[name] = dtype
        self.names[name] = name
        self.ids.add(name)

    def _outputs(self) -> None:
        for value in self.model.graph.output:
            if value.name in self.names:
                self.graph.outputs.append(self.names[value.name])
            elif value.name in self.consts:
                self.graph.const_outputs.append(value.name)
            else:
                raise BadInput(f"{self.path}: output '{value.name}'", "nothing that makes it", "a value of some node")
        if not self.graph.outputs and not self.graph.whole:
            raise BadInput(str(self.path), "no output that depends on an input", "at least one")

    # what handlers use

    def tensor(self, tensor: Any) -> np.ndarray:
        return self.tensors.read(tensor)

    def is_const(self, node: OnnxNode, index: int) -> bool:
        return node.inputs[index] in self.consts

    def all_const(self, node: OnnxNode) -> bool:
        return all(not name or name in self.consts for name in node.inputs)

    def given(self, node: OnnxNode, index: int) -> bool:
        return index < len(node.inputs) and bool(node.inputs[index])

    def const(self, node: OnnxNode, index: int, default: Any = None) -> Any:
        """An input that must be a constant."""
        if not self.given(node, index):
            return default
        name = node.inputs[index]
        if name not in self.consts:
            raise self.refuse(node, f"input '{name}' computed from the network's input", "a constant")
        return self.consts[name]

    def axes(self, node: OnnxNode, index: int = 1) -> list[int] | None:
        """Axes from the attribute (older opsets) or from input `index` (newer ones)."""
        if "axes" in node.attrs:
            return [int(a) for a in node.attrs["axes"]]
        found = self.const(node, index)
        return None if found is None else [int(a) for a in found.reshape(-1)]

    def axis(self, node: OnnxNode, default: int, rank: int | None = None) -> int:
        """The attribute `axis`, from 0 on."""
        rank = len(self.shape(node, 0)) if rank is None else rank
        axis = int(node.attrs.get("axis", default))
        if not -rank <= axis < max(rank, 1):
            raise self.refuse(node, f"axis {axis} of {rank} axes", f"{-rank} to {rank - 1}")
        return axis % max(rank, 1)

    def shape(self, node: OnnxNode, index: int) -> list[int]:
        return self.shape_of(self.value(node, index))

    def shape_of(self, value: str) -> list[int]:
        known = self.known(value)
        return list(self.sample[value].shape if known is None else known.shape)

    def dtype(self, node: OnnxNode, index: int = 0) -> np.dtype:
        name = node.inputs[index]
        return self.consts[name].dtype if name in self.consts else self.dtypes[self.names[name]]

    def value(self, node: OnnxNode, index: int) -> str:
        """The graph's value of an input."""
        name = node.inputs[index]
        return self.names[name] if name in self.names else CONST + name

    def values(self, node: OnnxNode) -> list[str]:
        return [self.value(node, i) for i in range(len(node.inputs))]

    def known(self, value: str) -> np.ndarray | None:
        """The array of a constant among the graph's values."""
        return self.consts.get(value[len(CONST) :]) if value.startswith(CONST) else None

    def constant(self, node: OnnxNode, array: np.ndarray, name: str) -> str:
        """A constant that a handler makes."""
        key = f"{node.name}.{name}"
        while key in self.consts:
            key += "'"
        self.consts[key] = array
        return CONST + key

    def _used(self, value: str) -> str:
        """A constant that computed values meet becomes one of the graph."""
        array = self.known(value)
        if array is not None and value not in self.graph.consts:
            wide = array.dtype.itemsize > 4 or array.dtype == np.uint32
            self.graph.consts[value] = array.astype(np.float64 if wide else np.float32)
            self.sample[value] = torch.from_numpy(np.asarray(array.astype(np.float32), order="C"))
            self.dtypes[value] = array.dtype
        return value

    def emit(
        self,
        node: OnnxNode,
        op: str,
        inputs: list[str],
        params: dict[str, np.ndarray | None] | None = None,
        position: int = 0,
        name: str | None = None,
        dtype: Any = None,
        **attrs: Any,
    ) -> str:
        """Adds a node to the graph for the ONNX node's output `position` (or an inner step called `name`).

        `dtype` is the element type of the result, that of the first input if it is None. Of constants alone
        the result is a constant.
        """
        kept = {k: v for k, v in (params or {}).items() if v is not None}
        arrays = [self.known(i) for i in inputs]
        kind = np.dtype(dtype if dtype is not None else self._dtype_of(inputs[0]))
        base = name or (node.name if len(node.outputs) < 2 else f"{node.name}.{position}")
        if all(a is not None for a in arrays):
            made = Node(base, op, inputs, attrs, kept)
            with torch.no_grad(), np.errstate(all="ignore"):
                out = operations.apply(made, [as_torch(a) for a in arrays if a is not None]).numpy().astype(kind)
            if name is not None:
                return self.constant(node, out, name)
            self.consts[node.outputs[position]] = out
            return CONST + node.outputs[position]
        ident = self._unique(base)
        made = Node(ident, op, [self._used(i) for i in inputs], attrs, kept)
        with torch.no_grad():
            self.sample[ident] = operations.apply(made, [self.sample[i] for i in inputs])
        self.dtypes[ident] = kind
        self.graph.nodes.append(made)
        if name is None:
            self.names[node.outputs[position]] = ident
        return ident

    def _dtype_of(self, value: str) -> np.dtype:
        array = self.known(value)
        return self.dtypes[value] if array is None else array.dtype

    def alias(self, node: OnnxNode, value: str, position: int = 0) -> None:
        """The output is a value that exists already."""
        array = self.known(value)
        if array is None:
            self.names[node.outputs[position]] = value
        else:
            self.consts[node.outputs[position]] = array

    def fold(self, node: OnnxNode, value: np.ndarray, position: int = 0) -> None:
        self.consts[node.outputs[position]] = np.asarray(value)

    def _unique(self, base: str) -> str:
        if len(base) > ID_MAX:  # traces bound ids; two long names differ in their digests
            base = f"{base[: ID_MAX - 13]}.{hashlib.sha256(base.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"
        ident, count = base, 2
        while ident in self.ids:
            ident, count = f"{base}.{count}", count + 1
        self.ids.add(ident)
        return ident


def _names_read(graph: Any) -> set[str]:
    """Values that nodes read, those of inner graphs included, and the outputs."""
    names = {value.name for value in graph.output}
    for node in graph.node:
        names.update(node.input)
        for attribute in node.attribute:
            if attribute.HasField("g"):
                names |= _names_read(attribute.g)
    return names
