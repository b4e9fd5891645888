# SPDX-License-Identifier: Apache-2.0
"""ONNX convolutions and matrix products: the operations an accelerator's array computes."""
from __future__ import annotations

import numpy as np

from heddle_quantize.graph.transposed import transposed_pads, transposed_weight
from heddle_quantize.ingest.onnx.importer import Handler, Importer
from heddle_quantize.ingest.onnx.node import OnnxNode


def spatial_pads(s: Importer, n: OnnxNode, kernel: list[int], stride: list[int], dilation: list[int]) -> list[int]:
    """Pads as top, left, bottom, right."""
    if len(kernel) != 2:
        raise s.refuse(n, f"{len(kernel)} spatial axes", "2")
    mode = n.attrs.get("auto_pad", b"NOTSET").decode()
    if mode in ("NOTSET", "VALID"):
        return [0] * 4 if mode == "VALID" else [int(p) for p in n.attrs.get("pads", [0] * 4)]
    pairs = []
    for size, k, st, d in zip(s.shape(n, 0)[2:], kernel, stride, dilation):
        total = max((-(-size // st) - 1) * st + d * (k - 1) + 1 - size, 0)
        small = total // 2
        pairs.append((small, total - small) if mode == "SAME_UPPER" else (total - small, small))
    return [pairs[0][0], pairs[1][0], pairs[0][1], pairs[1][1]]


def _conv1d(s: Importer, n: OnnxNode, weight: np.ndarray) -> None:
    """A convolution over one row."""
    if n.attrs.get("auto_pad", b"NOTSET").decode() not in ("NOTSET", "VALID"):
        raise s.refuse(n, "auto_pad of a one-dimensional convolution", "explicit pads")
    channels, length = s.shape(n, 0)[1:]
    row = s.emit(n, "reshape", [s.value(n, 0)], name=f"{n.name}.row", shape=[channels, 1, length])
    left, right = n.attrs.get("pads", [0, 0])
    out = s.emit(
        n,
        "conv2d",
        [row],
        {"weight": weight[:, :, None], "bias": s.const(n, 2)},
        name=n.name,
        stride=[1, *n.attrs.get("strides", [1])],
        pads=[0, int(left), 0, int(right)],
        dilation=[1, *n.attrs.get("dilations", [1])],
        groups=int(n.attrs.get("group", 1)),
    )
    s.emit(n, "reshape", [out], shape=[weight.shape[0], -1])


def _conv_transposed(s: Importer, n: OnnxNode) -> None:
    weight = s.const(n, 1)
    if weight.ndim != 4 or "output_shape" in n.attrs or "auto_pad" in n.attrs:
        raise s.refuse(
            n, f"a kernel of shape {weight.shape}, output_shape or auto_pad", "two spatial axes and explicit pads"
        )
    dilation = [int(v) for v in n.attrs.get("dilations", [1, 1])]
    groups = int(n.attrs.get("group", 1))
    pads = transposed_pads(
        list(weight.shape[2:]), dilation, n.attrs.get("pads", [0] * 4), n.attrs.get("output_padding", [0, 0])
    )
    if min(pads) < 0:
        raise s.refuse(n, f"pads {n.attrs['pads']} beyond the kernel", "less")
    stuffed = s.emit(
        n,
        "zero_stuff",
        [s.value(n, 0)],
        name=f"{n.name}.stuffed",
        stride=[int(v) for v in n.attrs.get("strides", [1, 1])],
    )
    s.emit(
        n,
        "conv2d",
        [stuffed],
        {"weight": transposed_weight(weight, groups), "bias": s.const(n, 2)},
        stride=[1, 1],
        pads=pads,
        dilation=dilation,
        groups=groups,
    )


def _conv(s: Importer, n: OnnxNode) -> None:
    weight = s.const(n, 1)
    if weight.ndim == 3:
        _conv1d(s, n, weight)
        return
    kernel = list(weight.shape[2:])
    stride = [int(v) for v in n.attrs.get("strides", [1] * len(kernel))]
    dilation = [int(v) for v in n.attrs.get("dilations", [1] * len(kernel))]
    pads = spatial_pads(s, n, kernel, stride, dilation)
    s.emit(
        n,
        "conv2d",
        [s.value(n, 0)],
        {"weight": weight, "bias": s.const(n, 2)},
        stride=stride,
        pads=pads,
        dilation=dilation,
        groups=int(n.attrs.get("group", 1)),
    )


def _gemm(s: Importer, n: OnnxNode) -> None:
    if n.attrs.get("transA", 0):
        raise s.refuse(n, "transA", "the batch first")
    weight = s.const(n, 1) * np.float32(n.attrs.get("alpha", 1.0))
    weight = weight if n.attrs.get("transB", 0) else weight.T
    bias = s.const(n, 2)
    if bias is not None:
        bias = np.broadcast_to(bias.reshape(-1) * np.float32(n.attrs.get("beta", 1.0)), weight.shape[:1]).copy()
    s.emit(n, "linear", [s.value(n, 0)], {"weight": np.ascontiguousarray(weight), "bias": bias})


def _matmul(s: Importer, n: OnnxNode) -> None:
    if s.is_const(n, 0):
        raise s.refuse(n, "a constant left operand", "the network's values on the left")
    if s.is_const(n, 1) and s.consts[n.inputs[1]].ndim == 2:
        weight = np.ascontiguousarray(s.consts[n.inputs[1]].T)
        s.emit(n, "linear", [s.value(n, 0)], {"weight": weight})
    else:
        s.emit(n, "matmul", [s.value(n, 0), s.value(n, 1)])


HANDLERS: dict[str, Handler] = {
    "ConvTranspose": _conv_transposed,
    "Conv": _conv,
    "Gemm": _gemm,
    "MatMul": _matmul,
}
