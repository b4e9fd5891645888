# SPDX-License-Identifier: Apache-2.0
"""Runs a graph. The caller passes the function that computes array operations: float, fake-quantized or integer."""
from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch

from heddle_quantize.base.errors import BadInput
from heddle_quantize.graph import operations
from heddle_quantize.graph.graph import Graph, Node

Tensor = torch.Tensor
ArrayFn = Callable[[Node, list[Tensor]], Tensor]


def run(
    graph: Graph,
    feeds: dict[str, np.ndarray],
    array: ArrayFn = operations.apply,
    dtype: torch.dtype = torch.float64,
    keep: frozenset[str] = frozenset(),
    visit: Callable[[Node, list[Tensor], Tensor], None] | None = None,
    resume: tuple[int, dict[str, Tensor]] | None = None,
    before: Callable[[int, dict[str, Tensor]], None] | None = None,
) -> dict[str, Tensor]:
    """Values of the outputs and of `keep`; everything else is freed after its last use.

    `before` receives the live values ahead of each node. Passed back as `resume`, together with the
    node's index, they continue the run from that node.
    """
    values = _start(graph, feeds, dtype) if resume is None else dict(resume[1])
    first = 0 if resume is None else resume[0]
    last = {name: i for i, node in enumerate(graph.nodes) for name in node.inputs}
    wanted = keep | set(graph.outputs)
    with torch.no_grad():
        for i in range(first, len(graph.nodes)):
            node = graph.nodes[i]
            if before is not None:
                before(i, values)
            args = [values[name] for name in node.inputs]
            result = array(node, args) if node.is_array else operations.apply(node, args)
            values[node.id] = result
            if visit is not None:
                visit(node, args, result)
            for name in set(node.inputs):
                if last[name] == i and name not in wanted and name not in graph.consts:
                    del values[name]
    return {name: values[name] for name in wanted if name in values}


def _start(graph: Graph, feeds: dict[str, np.ndarray], dtype: torch.dtype) -> dict[str, Tensor]:
    """The values of constants and inputs; raises BadInput if an input is missing or has another shape."""
    values: dict[str, Tensor] = {
        k: torch.from_numpy(np.ascontiguousarray(v)).to(dtype) for k, v in graph.consts.items()
    }
    for name, shape in graph.inputs.items():
        if name not in feeds:
            raise BadInput(graph.name, f"no values for input '{name}'", "one array per input")
        if tuple(feeds[name].shape[1:]) != tuple(shape):
            raise BadInput(
                f"{graph.name}: input '{name}'", f"shape {feeds[name].shape[1:]}", f"{tuple(shape)} after the batch"
            )
        values[name] = torch.from_numpy(np.ascontiguousarray(feeds[name])).to(dtype)
    return values


def batches(feeds: dict[str, np.ndarray], size: int) -> Iterator[dict[str, np.ndarray]]:
    """Splits along the batch."""
    count = len(next(iter(feeds.values())))
    for start in range(0, count, size):
        yield {k: v[start : start + size] for k, v in feeds.items()}


def output(
    graph: Graph,
    feeds: dict[str, np.ndarray],
    array: ArrayFn = operations.apply,
    dtype: torch.dtype = torch.float64,
    batch: int = 64,
) -> np.ndarray:
    """The first output over all samples, in batches."""
    name = graph.outputs[0]
    parts = [run(graph, part, array, dtype)[name].numpy() for part in batches(feeds, 1 if graph.single else batch)]
    return np.concatenate(parts)
