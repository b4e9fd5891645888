# SPDX-License-Identifier: Apache-2.0
"""Operations that torch has both as a module and as a function."""
from __future__ import annotations

from typing import Any

import torch
import torch.fx

from heddle_quantize.ingest.torch.arguments import as_pair
from heddle_quantize.ingest.torch.graph_walk import GraphWalk


def global_mean(s: GraphWalk, node: torch.fx.Node, size: Any, inputs: list[str]) -> None:
    if any(v not in (1, None) for v in as_pair(size)):
        raise s.refuse(node, f"adaptive pooling to {size}", "to 1 x 1")
    s.emit(node, "mean", inputs, axes=[2, 3], keepdims=True)


def flatten_value(s: GraphWalk, node: torch.fx.Node, value: str, start: int, end: int) -> None:
    if start == 0:
        raise s.refuse(node, f"flatten({start}, {end})", "axes behind the batch")
    shape = torch.empty(s.shape(value)).flatten(start, end).shape
    s.emit(node, "reshape", [value], shape=list(shape[1:]))
