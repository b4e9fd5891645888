# SPDX-License-Identifier: Apache-2.0
"""Ranges of tensors, from calibration samples."""
from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch

from heddle_quantize.base.errors import BadInput
from heddle_quantize.base.progress import Progress
from heddle_quantize.graph import executor
from heddle_quantize.graph.graph import Graph, Node

KEPT_VALUES = 1 << 15


@dataclass
class TensorRange:
    """What calibration saw of one tensor; `values` is an evenly spaced subset, sorted."""

    low: float
    high: float
    values: np.ndarray

    @property
    def signed(self) -> bool:
        return self.low < 0

    @property
    def int_bits(self) -> int:
        """Integer bits (sign not counted) that hold the largest magnitude; negative below 1/2."""
        largest = max(abs(self.low), abs(self.high))
        return math.frexp(largest)[1] if largest > 0 else 0


def range_of(values: np.ndarray) -> TensorRange:
    flat = values.reshape(-1)
    step = max(1, flat.size // KEPT_VALUES)
    return TensorRange(float(flat.min()), float(flat.max()), np.sort(flat[::step].astype(np.float64)))


def merge(a: TensorRange | None, b: TensorRange) -> TensorRange:
    if a is None:
        return b
    values = np.sort(np.concatenate([a.values, b.values]))
    step = max(1, values.size // KEPT_VALUES)
    return TensorRange(min(a.low, b.low), max(a.high, b.high), values[::step])


@dataclass
class LayerRange:
    act: TensorRange
    weight: TensorRange
    channel_max: np.ndarray | None  # of static weights, for scales per channel


def _not_finite(origin: str, reader: str) -> BadInput:
    return BadInput(
        f"node '{origin}'",
        "infinite values or NaN on the calibration samples",
        f"finite values where layer '{reader}' reads them",
    )


def calibrate(graph: Graph, feeds: dict[str, np.ndarray], batch: int = 64) -> dict[str, LayerRange]:
    """Ranges of both operands of every array operation over all samples in `feeds`."""
    acts: dict[str, TensorRange] = {}
    rights: dict[str, TensorRange] = {}

    broken: dict[str, str] = {}  # a value with infinities or NaN, and the node that made the first of them

    def visit(node: Node, args: list[torch.Tensor], result: torch.Tensor) -> None:
        found = [broken[name] for name in node.inputs if name in broken]
        broken.pop(node.id, None)
        if not bool(torch.isfinite(result).all()):
            broken[node.id] = found[0] if found else node.id
        if node.is_array:
            if found and not all(bool(torch.isfinite(a).all()) for a in args):
                raise _not_finite(found[0], node.id)
            acts[node.id] = merge(acts.get(node.id), range_of(args[0].numpy()))
            if node.op == "matmul":
                rights[node.id] = merge(rights.get(node.id), range_of(args[1].numpy()))

    parts = list(executor.batches(feeds, 1 if graph.single else batch))
    with Progress("calibrate", len(parts)) as progress:
        for part in parts:
            executor.run(graph, part, dtype=torch.float32, visit=visit)
            progress.step()
    out = {}
    for node in graph.array_nodes():
        if node.op == "matmul":
            out[node.id] = LayerRange(acts[node.id], rights[node.id], None)
        else:
            weight = node.params["weight"]
            peak = np.abs(weight.reshape(weight.shape[0], -1)).max(axis=1).astype(np.float64)
            out[node.id] = LayerRange(acts[node.id], range_of(weight), peak)
    return out
