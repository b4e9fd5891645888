# SPDX-License-Identifier: Apache-2.0
"""The quantization of a whole graph, and the precisions it is made from."""
from __future__ import annotations

from dataclasses import dataclass

from heddle_quantize.formats.uniform import QParams
from heddle_quantize.graph.graph import Graph
from heddle_quantize.quantize.calibrate import LayerRange
from heddle_quantize.quantize.tensor_params import Options, tensor_params


@dataclass(frozen=True)
class LayerQuant:
    """Quantization of one array operation: its left operand and its weights or right operand."""

    act: QParams
    weight: QParams


@dataclass
class Plan:
    """Quantization of a graph, by array node."""

    layers: dict[str, LayerQuant]


Profile = dict[str, tuple[int, int]]
"""(activation bits, weight bits) by array node."""


def build_plan(graph: Graph, ranges: dict[str, LayerRange], profile: Profile, options: Options) -> Plan:
    options.check()
    layers = {}
    for node in graph.array_nodes():
        r = ranges[node.id]
        a_bits, w_bits = profile[node.id]
        static = node.op != "matmul"
        act = tensor_params(r.act, a_bits, options, False)
        weight = tensor_params(r.weight, w_bits, options, static, r.channel_max)
        layers[node.id] = LayerQuant(act, weight)
    return Plan(layers)


def uniform_profile(graph: Graph, a_bits: int, w_bits: int) -> Profile:
    return {node.id: (a_bits, w_bits) for node in graph.array_nodes()}
