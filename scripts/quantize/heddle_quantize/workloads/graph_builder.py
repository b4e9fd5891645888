# SPDX-License-Identifier: Apache-2.0
"""Builds graphs node by node; the two language models share it."""
from __future__ import annotations

from typing import Any

import numpy as np

from heddle_quantize.graph.graph import Graph, Node

MASKED = -1e9


class Builder:
    """Every method adds a node and returns its id."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph

    def emit(
        self, name: str, op: str, inputs: list[str], params: dict[str, np.ndarray] | None = None, **attrs: Any
    ) -> str:
        self.graph.nodes.append(Node(name, op, inputs, attrs, params or {}))
        return name

    def const(self, name: str, value: np.ndarray) -> str:
        self.graph.consts[name] = value.astype(np.float32)
        return name

    def linear(self, name: str, value: str, weight: np.ndarray, bias: np.ndarray | None = None) -> str:
        params = {"weight": weight} if bias is None else {"weight": weight, "bias": bias}
        return self.emit(name, "linear", [value], params)

    def split_heads(self, name: str, value: str, heads: int, size: int) -> str:
        """(T, heads*size) to (heads, T, size)."""
        shaped = self.emit(f"{name}.heads", "reshape", [value], shape=[-1, heads, size])
        return self.emit(f"{name}.by_head", "transpose", [shaped], perm=[0, 2, 1, 3])

    def attention(self, name: str, q: str, k: str, v: str, width: int, mask: str | None) -> str:
        """softmax(q k^T / sqrt(d) + mask) v of (heads, T, d); the answer is (T, width)."""
        size = width // int(self.heads)
        turned = self.emit(f"{name}.kT", "transpose", [k], perm=[0, 1, 3, 2])
        scores = self.emit(f"{name}.scores", "matmul", [q, turned])
        scale = self.const(f"{name}.scale", np.array([size**-0.5]))
        scores = self.emit(f"{name}.scaled", "mul", [scores, scale])
        if mask is not None:
            scores = self.emit(f"{name}.masked", "add", [scores, mask])
        weights = self.emit(f"{name}.softmax", "softmax", [scores], axis=-1)
        mixed = self.emit(f"{name}.values", "matmul", [weights, v])
        mixed = self.emit(f"{name}.by_token", "transpose", [mixed], perm=[0, 2, 1, 3])
        return self.emit(f"{name}.joined", "reshape", [mixed], shape=[-1, width])

    heads: int = 1

    def causal(self, name: str, tokens: int) -> str:
        """0 where a token may look, a large negative number where it may not."""
        return self.const(name, np.triu(np.full((tokens, tokens), MASKED), 1)[None, None])
