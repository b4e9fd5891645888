# SPDX-License-Identifier: Apache-2.0
"""The integers of one array operation, laid out as the trace stores them."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from heddle_quantize.base.errors import BadInput
from heddle_quantize.graph.graph import Node
from heddle_quantize.quantize.integer_arrays import LayerRun


@dataclass
class LayerCodes:
    """One layer's integers in the trace's layout."""

    act: np.ndarray
    weight: np.ndarray
    acc: np.ndarray
    bias: np.ndarray | None
    groups: int


def _integers(x: torch.Tensor) -> np.ndarray:
    return x.numpy().astype(np.int64)


def trace_layout(node: Node, record: LayerRun) -> LayerCodes:
    act, acc = _integers(record.act), _integers(record.acc)
    # weights of a layer are many, and their codes have 16 bits at most
    weight = record.weight.numpy().astype(np.int32)
    if node.op == "conv2d":
        if act.shape[0] != 1:
            raise BadInput(
                f"node '{node.id}' (conv2d)", f"{act.shape[0]} images in one sample", "one: traces hold a batch of one"
            )
        return LayerCodes(act, weight, acc, record.bias, int(node.attrs["groups"]))
    if node.op == "linear":
        return LayerCodes(act.reshape(-1, act.shape[-1]), weight, acc.reshape(-1, acc.shape[-1]), record.bias, 1)
    return _matmul_layout(act, weight, acc)


def _matmul_layout(a: np.ndarray, b: np.ndarray, acc: np.ndarray) -> LayerCodes:
    """(1, heads..., M, D) by (1, heads..., D, N): heads become groups."""
    m, d = a.shape[-2:]
    n = b.shape[-1]
    groups = int(np.prod(acc.shape[:-2]))
    lead = acc.shape[:-2]
    a = np.broadcast_to(a, lead + (m, d)).reshape(groups, m, d)
    b = np.broadcast_to(b, lead + (d, n)).reshape(groups, d, n)
    return LayerCodes(
        a.transpose(1, 0, 2).reshape(m, groups * d),
        b.transpose(0, 2, 1).reshape(groups * n, d),
        acc.reshape(groups, m, n).transpose(1, 0, 2).reshape(m, groups * n),
        None,
        groups,
    )


def layer_shape(node: Node, codes: LayerCodes) -> dict[str, int]:
    if node.op == "conv2d":
        _, c, h, w = codes.act.shape
        k, _, r, s = codes.weight.shape
        return {
            "N": 1,
            "C": c,
            "H": h,
            "W": w,
            "K": k,
            "R": r,
            "S": s,
            "OH": codes.acc.shape[2],
            "OW": codes.acc.shape[3],
        }
    return {"N": 1, "M": codes.act.shape[0], "C": codes.act.shape[1], "K": codes.weight.shape[0]}
