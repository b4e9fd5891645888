# SPDX-License-Identifier: Apache-2.0
"""Runs a graph under changing settings and starts where the settings differ from an earlier run.

A search changes one layer at a time, so on average half of an evaluation repeats an earlier one. Two runs are
kept in memory, as the live values at some points of the graph.
"""
from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch

from heddle_quantize.graph import executor
from heddle_quantize.graph.executor import ArrayFn
from heddle_quantize.graph.graph import Graph

Tensor = torch.Tensor
Settings = dict[str, tuple[int, int]]
POINTS = 12
KEPT_RUNS = 2
KEPT_BYTES = 3 << 30


@dataclass
class _Kept:
    """One run: its settings, and by batch and node index the values alive before that node."""

    settings: Settings
    points: list[dict[int, dict[str, Tensor]]] = field(default_factory=list)


class PrefixRunner:
    """Runs a graph on fixed samples under changing settings of its array operations."""

    def __init__(self, graph: Graph, feeds: dict[str, np.ndarray], batch: int) -> None:
        self.graph = graph
        self.parts = list(executor.batches(feeds, 1 if graph.single else batch))
        count = len(graph.nodes)
        self.points = sorted({count * i // POINTS for i in range(1, POINTS)} - {0})
        self.kept: list[_Kept] = []
        self.nodes_run = 0
        self._fits: bool | None = None

    def _first_difference(self, kept: _Kept, settings: Settings) -> int:
        for i, node in enumerate(self.graph.nodes):
            if node.is_array and kept.settings.get(node.id) != settings.get(node.id):
                return i
        return len(self.graph.nodes)

    def output(self, settings: Settings, array: ArrayFn) -> np.ndarray:
        """The first output over all samples, in float32."""
        best, start = None, 0
        for kept in self.kept:
            part = self._first_difference(kept, settings)
            usable = max((p for p in self.points if p <= part and p in kept.points[0]), default=0)
            if usable > start:
                best, start = kept, usable
        made = _Kept(dict(settings))
        outs = [self._batch(number, best, start, array, made) for number in range(len(self.parts))]
        self.nodes_run += len(self.graph.nodes) - start
        if self._small(made):
            self.kept = ([best] if best is not None else self.kept[-1:])[: KEPT_RUNS - 1] + [made]
        return np.concatenate(outs)

    def _batch(self, number: int, best: _Kept | None, start: int, array: ArrayFn, made: _Kept) -> np.ndarray:
        points: dict[int, dict[str, Tensor]] = {}
        if best is not None:
            points = {p: v for p, v in best.points[number].items() if p <= start}
        made.points.append(points)

        def before(index: int, values: dict[str, Tensor]) -> None:
            if index in self.points and self._fits is not False:
                points[index] = dict(values)

        resume = (start, points[start]) if start else None
        out = executor.run(self.graph, self.parts[number], array, torch.float32, resume=resume, before=before)
        return executor.as_sample(self.graph, self.graph.outputs[0], out[self.graph.outputs[0]])

    def _small(self, made: _Kept) -> bool:
        """Whether keeping runs fits the memory set aside; decided by the first one."""
        if self._fits is None:
            tensors = {id(t): t for points in made.points for values in points.values() for t in values.values()}
            total = sum(t.numel() * t.element_size() for t in tensors.values())
            self._fits = total * KEPT_RUNS <= KEPT_BYTES
        return self._fits
