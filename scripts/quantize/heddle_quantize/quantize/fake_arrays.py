# SPDX-License-Identifier: Apache-2.0
"""Array operations on quantized values in floating point: the fast twin of the integer network."""
from __future__ import annotations

import torch

from heddle_quantize.formats.uniform import QParams
from heddle_quantize.graph import operations
from heddle_quantize.graph.graph import Node
from heddle_quantize.quantize.exact import Tensor
from heddle_quantize.quantize.integer_arrays import bias_units
from heddle_quantize.quantize.plan import Plan


def rounded(x: Tensor, q: QParams) -> Tensor:
    """dequantize(quantize(x)) in one buffer: a search spends much of its time here."""
    low, high = q.range()
    scale = q.scale_like(x)
    out = torch.div(x, scale)
    return out.round_().clamp_(low - q.zero_point, high - q.zero_point).mul_(scale)


class FakeArrays:
    """Quantizes, dequantizes and computes in floating point: equal to IntegerArrays up to rounding of sums."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._nodes: dict[str, Node] = {}

    def __call__(self, node: Node, args: list[Tensor]) -> Tensor:
        quant = self.plan.layers.get(node.id)
        if quant is None:
            return operations.apply(node, args)
        x = rounded(args[0], quant.act)
        if node.op == "matmul":
            return operations.apply(node, [x, rounded(args[1], quant.weight)])
        if node.id not in self._nodes:
            weight = torch.from_numpy(node.params["weight"]).to(x.dtype)
            params = dict(node.params, weight=rounded(weight, quant.weight).numpy())
            bias = bias_units(node, quant)
            if bias is not None:
                params["bias"] = bias * (quant.act.scale * quant.weight.scale)
            self._nodes[node.id] = Node(node.id, node.op, node.inputs, node.attrs, params)
        return operations.apply(self._nodes[node.id], [x])
