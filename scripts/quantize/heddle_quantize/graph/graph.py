# SPDX-License-Identifier: Apache-2.0
"""The graph every source is turned into: array operations and what happens between them."""
from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from heddle_quantize.base.errors import BadInput, unknown_name

ARRAY_OPS = ("conv2d", "linear", "matmul")


@dataclass
class Node:
    """One operation. `params` holds constants (weight, bias), float or already integer codes."""

    id: str
    op: str
    inputs: list[str]
    attrs: dict[str, Any] = field(default_factory=dict)
    params: dict[str, np.ndarray] = field(default_factory=dict)

    @property
    def is_array(self) -> bool:
        return self.op in ARRAY_OPS


@dataclass
class Graph:
    """Nodes in topological order. Shapes of inputs leave out the batch, which is the first axis.

    A `single` graph merges the batch with other axes somewhere, so it takes one sample at a time;
    `bare_outputs` are those of its outputs that hold a sample without a batch axis. A `whole` graph has no batch: its
    inputs, and the shapes of them, are whole tensors. Feeds of both have a leading axis of samples.
    `kinds` says of which kind the elements of inputs are: f, i (integers) or b. `const_outputs` names outputs of the
    source that depend on no input. `notes` is what a user should be told, `check` what the graph was compared with.
    A `weightless` graph holds noise where the source has no values.
    """

    name: str
    inputs: dict[str, tuple[int, ...]]
    outputs: list[str]
    nodes: list[Node]
    consts: dict[str, np.ndarray] = field(default_factory=dict)
    task: str = ""
    source: dict[str, Any] = field(default_factory=dict)
    single: bool = False
    whole: bool = False
    kinds: dict[str, str] = field(default_factory=dict)
    const_outputs: list[str] = field(default_factory=list)
    bare_outputs: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)
    weightless: bool = False
    check: str = ""

    def node(self, node_id: str) -> Node:
        for node in self.nodes:
            if node.id == node_id:
                return node
        raise unknown_name(self.name, "node", node_id, [n.id for n in self.nodes])

    def array_nodes(self) -> list[Node]:
        return [n for n in self.nodes if n.is_array]

    def users(self) -> dict[str, list[Node]]:
        """Which nodes read each value."""
        out: dict[str, list[Node]] = {}
        for node in self.nodes:
            for name in node.inputs:
                out.setdefault(name, []).append(node)
        return out


def check_graph(graph: Graph) -> None:
    """Checks order, unique names and finite weights; the error names the node."""
    known = set(graph.inputs) | set(graph.consts)
    for node in graph.nodes:
        where = f"{graph.name}: node '{node.id}' ({node.op})"
        if node.id in known:
            raise BadInput(where, "a name used before", "a unique name")
        for name in node.inputs:
            if name not in known:
                raise unknown_name(where, "input", name, known)
        for key, value in node.params.items():
            if value.dtype.kind == "f" and not np.isfinite(value).all():
                bad = int((~np.isfinite(value)).sum())
                raise BadInput(where, f"{bad} NaN or infinite values in {key}", "finite numbers")
        known.add(node.id)
    for name, value in graph.consts.items():
        if np.isnan(value).any():
            raise BadInput(f"{graph.name}: constant '{name}'", "NaN", "numbers")
    for name in graph.outputs:
        if name not in known:
            raise unknown_name(graph.name, "output", name, known)


def prune(graph: Graph) -> Graph:
    """Drops nodes no output needs, and constants no node reads."""
    needed = set(graph.outputs)
    kept: list[Node] = []
    for node in reversed(graph.nodes):
        if node.id in needed:
            kept.append(node)
            needed.update(node.inputs)
    consts = {k: v for k, v in graph.consts.items() if k in needed}
    return replace(graph, nodes=kept[::-1], consts=consts)
