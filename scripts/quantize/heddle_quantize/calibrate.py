# SPDX-License-Identifier: Apache-2.0
"""Ranges of tensors from calibration samples, and quantisation parameters from ranges."""
from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch

from . import run
from .choices import OBSERVERS, SCHEMES
from .errors import unknown_name
from .ir import Graph, Node
from .progress import Progress
from .quant import LayerQuant, Plan, QParams, fixed_point
from .widths import code_range

KEPT_VALUES = 1 << 15
MSE_STEPS = 60


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
    flat = values.reshape(-1).astype(np.float64)
    step = max(1, flat.size // KEPT_VALUES)
    return TensorRange(float(flat.min()), float(flat.max()), np.sort(flat[::step]))


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


def calibrate(graph: Graph, feeds: dict[str, np.ndarray], batch: int = 64) -> dict[str, LayerRange]:
    """Ranges of both operands of every array operation over all samples in `feeds`."""
    acts: dict[str, TensorRange] = {}
    rights: dict[str, TensorRange] = {}

    def visit(node: Node, args: list[torch.Tensor], _: torch.Tensor) -> None:
        if node.is_array:
            acts[node.id] = merge(acts.get(node.id), range_of(args[0].numpy()))
            if node.op == "matmul":
                rights[node.id] = merge(rights.get(node.id), range_of(args[1].numpy()))

    parts = list(run.batches(feeds, 1 if graph.single else batch))
    with Progress("calibrate", len(parts)) as progress:
        for part in parts:
            run.run(graph, part, dtype=torch.float32, visit=visit)
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


@dataclass(frozen=True)
class Options:
    """How tensors are turned into integers."""

    scheme: str = "fixed"
    container: int = 16
    observer: str = "minmax"
    percentile: float = 99.99
    per_channel: bool = False

    def check(self) -> None:
        if self.scheme not in SCHEMES:
            raise unknown_name("--scheme", "scheme", self.scheme, SCHEMES)
        if self.observer not in OBSERVERS:
            raise unknown_name("--observer", "observer", self.observer, OBSERVERS)


def _error(values: np.ndarray, scale: float, zero: float, low: int, high: int) -> float:
    codes = np.clip(np.rint(values / scale) + zero, low, high)
    return float(np.mean(((codes - zero) * scale - values) ** 2))


def _clip_range(r: TensorRange, options: Options, bits: int, signed: bool, symmetric: bool) -> tuple[float, float]:
    """The interval that codes will span, as the observer chooses it."""
    if options.observer == "minmax":
        return r.low, r.high
    if options.observer == "percentile":
        tail = (100.0 - options.percentile) / 2 if signed else 100.0 - options.percentile
        low = float(np.percentile(r.values, tail)) if signed else min(r.low, 0.0)
        return low, float(np.percentile(r.values, 100.0 - tail))
    low_code, high_code = code_range(bits, signed)
    best = (math.inf, r.low, r.high)
    for step in range(MSE_STEPS):
        factor = 1.0 - step / (MSE_STEPS * 1.1)
        low, high = r.low * factor, r.high * factor
        scale, zero = _affine(low, high, low_code, high_code, symmetric)
        error = _error(r.values, scale, zero, low_code, high_code)
        if error < best[0]:
            best = (error, low, high)
    return best[1], best[2]


def _affine(low: float, high: float, low_code: int, high_code: int, symmetric: bool) -> tuple[float, int]:
    low, high = min(low, 0.0), max(high, 0.0)  # zero must have a code: padding is zero
    if symmetric:
        peak = max(-low, high) or 1.0
        return peak / high_code, 0
    span = (high - low) or 1.0
    scale = span / (high_code - low_code)
    return scale, int(np.clip(np.rint(low_code - low / scale), low_code, high_code))


def tensor_params(
    r: TensorRange,
    bits: int,
    options: Options,
    weight: bool,
    channel_max: np.ndarray | None = None,
    int_bits: int | None = None,
) -> QParams:
    """Parameters of one tensor at `bits`, at least 2 for signed tensors."""
    signed = r.signed or weight
    if signed:
        bits = max(bits, 2)
    if options.scheme == "fixed":
        return fixed_point(bits, signed, r.int_bits if int_bits is None else int_bits, options.container)
    symmetric = weight or options.scheme == "symmetric"
    if not symmetric:
        signed = False
    low_code, high_code = code_range(bits, signed)
    if weight and options.per_channel and channel_max is not None:
        peak = np.where(channel_max > 0, channel_max, 1.0)
        return QParams(bits, True, peak / high_code, axis=0, container=options.container)
    low, high = _clip_range(r, options, bits, signed, symmetric)
    scale, zero = _affine(low, high, low_code, high_code, symmetric)
    return QParams(bits, signed, np.array(scale), zero, container=options.container)


Profile = dict[str, tuple[int, int]]
"""(activation bits, weight bits) by array node."""


def build_plan(
    graph: Graph,
    ranges: dict[str, LayerRange],
    profile: Profile,
    options: Options,
    int_bits: dict[tuple[str, str], int] | None = None,
) -> Plan:
    """`int_bits` overrides integer bits by (node, "a" or "w"), as the search's first phase may."""
    options.check()
    layers = {}
    chosen = int_bits or {}
    for node in graph.array_nodes():
        r = ranges[node.id]
        a_bits, w_bits = profile[node.id]
        static = node.op != "matmul"
        act = tensor_params(r.act, a_bits, options, False, int_bits=chosen.get((node.id, "a")))
        weight = tensor_params(r.weight, w_bits, options, static, r.channel_max, chosen.get((node.id, "w")))
        layers[node.id] = LayerQuant(act, weight)
    return Plan(layers)


def uniform_profile(graph: Graph, a_bits: int, w_bits: int) -> Profile:
    return {node.id: (a_bits, w_bits) for node in graph.array_nodes()}
