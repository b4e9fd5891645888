# SPDX-License-Identifier: Apache-2.0
"""The table of the graph's operations, and what several of them use."""
from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F

from heddle_quantize.graph.graph import Node

Tensor = torch.Tensor
OpFn = Callable[[Node, list[Tensor]], Tensor]
OPS: dict[str, OpFn] = {}


def op(name: str) -> Callable[[OpFn], OpFn]:
    def register(fn: OpFn) -> OpFn:
        OPS[name] = fn
        return fn

    return register


def param(node: Node, key: str, like: Tensor) -> Tensor | None:
    value = node.params.get(key)
    return None if value is None else torch.from_numpy(np.ascontiguousarray(value)).to(like.dtype)


def channelwise(value: Tensor, like: Tensor) -> Tensor:
    """(C,) reshaped to broadcast along axis 1."""
    return value.reshape((1, -1) + (1,) * (like.dim() - 2))


def pad_spatial(x: Tensor, pads: list[int], value: float = 0.0) -> Tensor:
    """`pads` are top, left, bottom, right, as in the trace format."""
    top, left, bottom, right = pads
    if not any(pads):
        return x
    return F.pad(x, (left, right, top, bottom), value=value)
