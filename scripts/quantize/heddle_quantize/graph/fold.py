# SPDX-License-Identifier: Apache-2.0
"""Folds batch norm and constant additions into the array operation before them, if nothing else reads it."""
from __future__ import annotations

from dataclasses import replace

import numpy as np

from heddle_quantize.graph.graph import Graph, Node


def fold_batchnorm(graph: Graph) -> Graph:
    """y = (w*x + b) * scale + shift becomes (w*scale)*x + (b*scale + shift)."""
    users = graph.users()
    renamed: dict[str, str] = {}
    made = {node.id: node for node in graph.nodes}
    nodes: list[Node] = []
    for node in graph.nodes:
        node.inputs = [renamed.get(name, name) for name in node.inputs]
        before = made.get(node.inputs[0]) if node.inputs else None
        if (
            node.op == "batchnorm"
            and before is not None
            and before.op in ("conv2d", "linear")
            and len(users[before.id]) == 1
            and before.id not in graph.outputs
            and (before.op == "conv2d" or node.attrs.get("rank", 2) == 2)  # else another axis than the filters
        ):
            _fold(before, node)
            renamed[node.id] = before.id
            # the readers of the norm now read the array operation
            users[before.id] = users.get(node.id, [])
            continue
        nodes.append(node)
    outputs = [renamed.get(name, name) for name in graph.outputs]
    return replace(graph, outputs=outputs, nodes=nodes)


def _fold(array: Node, norm: Node) -> None:
    scale = norm.params["scale"].astype(np.float64)
    weight = array.params["weight"].astype(np.float64)
    bias = array.params.get("bias", np.zeros(weight.shape[0])).astype(np.float64)
    shape = (-1,) + (1,) * (weight.ndim - 1)
    array.params["weight"] = weight * scale.reshape(shape)
    array.params["bias"] = bias * scale + norm.params["shift"].astype(np.float64)


def fold_bias(graph: Graph) -> Graph:
    """A constant vector that is added to an array operation's output becomes its bias, if nothing else reads it."""
    users = graph.users()
    made = {node.id: node for node in graph.nodes}
    renamed: dict[str, str] = {}
    nodes: list[Node] = []
    for node in graph.nodes:
        node.inputs = [renamed.get(name, name) for name in node.inputs]
        if node.op == "add" and len(node.inputs) == 2:
            first, second = node.inputs
            value, const = (second, first) if first in graph.consts else (first, second)
            before = made.get(value)
            if (
                before is not None
                and const in graph.consts
                and len(users[value]) == 1
                and value not in graph.outputs
                and _is_bias(before, graph.consts[const])
            ):
                bias = graph.consts[const].reshape(-1)
                before.params["bias"] = before.params.get("bias", 0.0) + bias
                renamed[node.id] = before.id
                users[before.id] = users.get(node.id, [])
                continue
        nodes.append(node)
    outputs = [renamed.get(name, name) for name in graph.outputs]
    return replace(graph, outputs=outputs, nodes=nodes)


def _is_bias(array: Node, value: np.ndarray) -> bool:
    """Whether `value` holds one number per output channel, on the channels' axis."""
    if array.op not in ("linear", "conv2d"):
        return False
    filters = array.params["weight"].shape[0]
    shape = list(value.shape)
    if array.op == "linear":
        return value.ndim <= 2 and shape[-1:] == [filters] and value.size == filters
    return value.ndim <= 4 and shape[-3:] == [filters, 1, 1] and value.size == filters
