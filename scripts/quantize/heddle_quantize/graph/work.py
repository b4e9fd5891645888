# SPDX-License-Identifier: Apache-2.0
"""How many products each array operation computes."""
from __future__ import annotations

import numpy as np
import torch

from heddle_quantize.graph import executor
from heddle_quantize.graph.graph import Graph, Node


def layer_work(graph: Graph, feeds: dict[str, np.ndarray]) -> dict[str, int]:
    """Products of each array operation for one sample."""
    work: dict[str, int] = {}

    def visit(node: Node, args: list[torch.Tensor], result: torch.Tensor) -> None:
        if node.op == "matmul":
            work[node.id] = result.numel() * args[0].shape[-1]
        elif node.is_array:
            work[node.id] = result.numel() * node.params["weight"][0].size

    executor.run(graph, {k: v[:1] for k, v in feeds.items()}, visit=visit, dtype=torch.float32)
    return work


def output_shapes(graph: Graph, feeds: dict[str, np.ndarray]) -> dict[str, list[int]]:
    """The shape of every value for one sample, which is the leading axis unless an operation moved it."""
    shapes: dict[str, list[int]] = {}

    def visit(node: Node, args: list[torch.Tensor], result: torch.Tensor) -> None:
        shapes[node.id] = list(result.shape)

    executor.run(graph, {k: v[:1] for k, v in feeds.items()}, visit=visit, dtype=torch.float32)
    return shapes
