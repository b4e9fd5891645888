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
        k: torch.from_numpy(np.asarray(v, order="C")).to(dtype) for k, v in graph.consts.items()
    }
    for name, shape in graph.inputs.items():
        if name not in feeds:
            raise BadInput(graph.name, f"no values for input '{name}'", "one array per input")
        if tuple(feeds[name].shape[1:]) != tuple(shape):
            raise BadInput(
                f"{graph.name}: input '{name}'", f"shape {feeds[name].shape[1:]}", f"{tuple(shape)} after the batch"
            )
        feed = feeds[name]
        wide = feed.dtype.kind == "u" and feed.dtype.itemsize > 1  # torch has no such types
        value = torch.from_numpy(np.ascontiguousarray(feed.astype(np.float64) if wide else feed)).to(dtype)
        values[name] = value[0] if graph.whole else value
    return values


def batches(feeds: dict[str, np.ndarray], size: int) -> Iterator[dict[str, np.ndarray]]:
    """Splits along the batch."""
    count = len(next(iter(feeds.values())))
    for start in range(0, count, size):
        yield {k: v[start : start + size] for k, v in feeds.items()}


def outputs(
    graph: Graph,
    feeds: dict[str, np.ndarray],
    array: ArrayFn = operations.apply,
    dtype: torch.dtype = torch.float64,
    batch: int = 64,
) -> list[np.ndarray]:
    """All outputs over all samples, in batches; the samples are the leading axis."""
    parts = []
    for part in batches(feeds, 1 if graph.single else batch):
        values = run(graph, part, array, dtype)
        for name in graph.outputs:
            if not graph.whole and name not in graph.bare_outputs and values[name].dim() == 0:
                raise BadInput(f"{graph.name}: output '{name}'", "a number without a batch", "one value per sample")
        parts.append([as_sample(graph, name, values[name]) for name in graph.outputs])
    return [np.concatenate(values) for values in zip(*parts)]


def as_sample(graph: Graph, name: str, value: Tensor) -> np.ndarray:
    """The value of an output with the samples as its leading axis."""
    array: np.ndarray = value.numpy()
    return array[None] if graph.whole or name in graph.bare_outputs else array


def output(
    graph: Graph,
    feeds: dict[str, np.ndarray],
    array: ArrayFn = operations.apply,
    dtype: torch.dtype = torch.float64,
    batch: int = 64,
) -> np.ndarray:
    """The first output over all samples, in batches."""
    return outputs(graph, feeds, array, dtype, batch)[0]


def noise(graph: Graph, count: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Samples for a first look at a graph: noise, or zeros where inputs are integers or truth values."""
    rng = np.random.default_rng(seed)
    tokens = any(n.op == "embedding" for n in graph.nodes)
    feeds = {}
    for name, shape in graph.inputs.items():
        plain = graph.kinds.get(name, "i" if tokens else "f") == "f"
        data = rng.standard_normal((count, *shape)) if plain else np.zeros((count, *shape))
        feeds[name] = data.astype(np.float32)
    return feeds
