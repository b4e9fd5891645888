# SPDX-License-Identifier: Apache-2.0
"""Batch norm folded into the convolution or linear layer that alone feeds it."""
from __future__ import annotations

import numpy as np

from .ir import Graph, Node


def fold_batchnorm(graph: Graph) -> Graph:
    """y = (w*x + b) * scale + shift becomes (w*scale)*x + (b*scale + shift)."""
    users = graph.users()
    renamed: dict[str, str] = {}
    made = {node.id: node for node in graph.nodes}
    nodes: list[Node] = []
    for node in graph.nodes:
        node.inputs = [renamed.get(name, name) for name in node.inputs]
        before = made.get(node.inputs[0]) if node.inputs else None
        if (node.op == "batchnorm" and before is not None and before.op in ("conv2d", "linear")
                and len(users[before.id]) == 1 and before.id not in graph.outputs):
            _fold(before, node)
            renamed[node.id] = before.id
            # whoever read the norm now reads the array operation
            users[before.id] = users.get(node.id, [])
            continue
        nodes.append(node)
    outputs = [renamed.get(name, name) for name in graph.outputs]
    return Graph(graph.name, graph.inputs, outputs, nodes, graph.consts, graph.task, graph.source)


def _fold(array: Node, norm: Node) -> None:
    scale = norm.params["scale"].astype(np.float64)
    weight = array.params["weight"].astype(np.float64)
    bias = array.params.get("bias", np.zeros(weight.shape[0])).astype(np.float64)
    shape = (-1,) + (1,) * (weight.ndim - 1)
    array.params["weight"] = weight * scale.reshape(shape)
    array.params["bias"] = bias * scale + norm.params["shift"].astype(np.float64)
