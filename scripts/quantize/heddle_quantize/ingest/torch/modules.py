# SPDX-License-Identifier: Apache-2.0
"""What torch modules become in the graph."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.fx
from torch import nn

from heddle_quantize.graph.transposed import transposed_pads, transposed_weight
from heddle_quantize.ingest.torch.arguments import as_array, as_pads, as_pair
from heddle_quantize.ingest.torch.shared_operations import flatten_value, global_mean
from heddle_quantize.ingest.torch.graph_walk import GraphWalk


def _conv(s: GraphWalk, node: torch.fx.Node, m: nn.Conv2d, inputs: list[str]) -> None:
    if m.padding_mode != "zeros" or isinstance(m.padding, str):
        raise s.refuse(node, f"padding {m.padding!r} of mode {m.padding_mode}", "numbers, zeros")
    s.emit(
        node,
        "conv2d",
        inputs,
        str(node.target),
        {"weight": as_array(m.weight), "bias": as_array(m.bias)},
        stride=as_pair(m.stride),
        pads=as_pads(m.padding),
        dilation=as_pair(m.dilation),
        groups=m.groups,
    )


def _conv1d(s: GraphWalk, node: torch.fx.Node, m: nn.Conv1d, inputs: list[str]) -> None:
    """A convolution over one row."""
    if m.padding_mode != "zeros" or isinstance(m.padding, str):
        raise s.refuse(node, f"padding {m.padding!r} of mode {m.padding_mode}", "numbers, zeros")
    channels, length = s.shape(inputs[0])[1:]
    row = s.emit(node, "reshape", inputs, f"{node.name}.row", shape=[channels, 1, length])
    weight = as_array(m.weight)
    assert weight is not None
    out = s.emit(
        node,
        "conv2d",
        [row],
        str(node.target),
        {"weight": weight[:, :, None], "bias": as_array(m.bias)},
        stride=[1, m.stride[0]],
        pads=[0, m.padding[0], 0, m.padding[0]],
        dilation=[1, m.dilation[0]],
        groups=m.groups,
    )
    s.emit(node, "reshape", [out], f"{node.name}.flat", shape=[m.out_channels, -1])


def _conv_transposed(s: GraphWalk, node: torch.fx.Node, m: nn.ConvTranspose2d, inputs: list[str]) -> None:
    weight = as_array(m.weight)
    assert weight is not None
    pads = transposed_pads(list(m.kernel_size), as_pair(m.dilation), as_pads(m.padding), as_pair(m.output_padding))
    if min(pads) < 0:
        raise s.refuse(node, f"padding {m.padding} beyond the kernel", "less")
    stuffed = s.emit(node, "zero_stuff", inputs, f"{node.name}.stuffed", stride=as_pair(m.stride))
    s.emit(
        node,
        "conv2d",
        [stuffed],
        str(node.target),
        {"weight": transposed_weight(weight, m.groups), "bias": as_array(m.bias)},
        stride=[1, 1],
        pads=pads,
        dilation=as_pair(m.dilation),
        groups=m.groups,
    )


def _linear(s: GraphWalk, node: torch.fx.Node, m: nn.Linear, inputs: list[str]) -> None:
    s.emit(node, "linear", inputs, str(node.target), {"weight": as_array(m.weight), "bias": as_array(m.bias)})


def _batchnorm(s: GraphWalk, node: torch.fx.Node, m: nn.BatchNorm2d, inputs: list[str]) -> None:
    if m.running_mean is None or m.running_var is None:
        raise s.refuse(node, "batch norm without running statistics", "them")
    weight = torch.ones_like(m.running_var) if m.weight is None else m.weight
    bias = torch.zeros_like(m.running_mean) if m.bias is None else m.bias
    scale = (weight.double() / torch.sqrt(m.running_var.double() + m.eps)).detach()
    shift = (bias.double() - m.running_mean.double() * scale).detach()
    params = {"scale": scale.numpy(), "shift": shift.numpy()}
    s.emit(node, "batchnorm", inputs, str(node.target), params, rank=len(s.shape(inputs[0])))


def _pool(s: GraphWalk, node: torch.fx.Node, m: Any, inputs: list[str], op: str) -> None:
    attrs: dict[str, Any] = {
        "kernel": as_pair(m.kernel_size),
        "stride": as_pair(m.stride),
        "pads": as_pads(m.padding),
        "ceil": bool(m.ceil_mode),
    }
    if op == "avgpool":
        attrs["count_pad"] = bool(m.count_include_pad)
    else:
        attrs["dilation"] = as_pair(m.dilation)
    s.emit(node, op, inputs, str(node.target), **attrs)


def _simple(op: str, **attrs: Any) -> Callable[..., None]:
    def handler(s: GraphWalk, node: torch.fx.Node, m: Any, inputs: list[str]) -> None:
        s.emit(node, op, inputs, **attrs)

    return handler


def _alias(s: GraphWalk, node: torch.fx.Node, m: Any, inputs: list[str]) -> None:
    s.values[node] = inputs[0]


def _layernorm(s: GraphWalk, node: torch.fx.Node, m: nn.LayerNorm, inputs: list[str]) -> None:
    if len(m.normalized_shape) != 1:
        raise s.refuse(node, f"normalised shape {m.normalized_shape}", "the last axis alone")
    s.emit(
        node, "layernorm", inputs, str(node.target), {"weight": as_array(m.weight), "bias": as_array(m.bias)}, eps=m.eps
    )


def _embedding(s: GraphWalk, node: torch.fx.Node, m: nn.Embedding, inputs: list[str]) -> None:
    s.emit(node, "embedding", inputs, str(node.target), {"weight": as_array(m.weight)})


def _flatten_module(s: GraphWalk, node: torch.fx.Node, m: nn.Flatten, inputs: list[str]) -> None:
    flatten_value(s, node, inputs[0], m.start_dim, m.end_dim)


MODULES: dict[type, Callable[..., None]] = {
    nn.Conv2d: _conv,
    nn.Conv1d: _conv1d,
    nn.ConvTranspose2d: _conv_transposed,
    nn.Linear: _linear,
    nn.BatchNorm2d: _batchnorm,
    nn.BatchNorm1d: _batchnorm,
    nn.ReLU: _simple("relu"),
    nn.ReLU6: _simple("clip", low=0.0, high=6.0),
    nn.Sigmoid: _simple("sigmoid"),
    nn.Tanh: _simple("tanh"),
    nn.SiLU: _simple("silu"),
    nn.GELU: lambda s, n, m, i: s.emit(n, "gelu", i, approximate=m.approximate),
    nn.Hardswish: _simple("hardswish"),
    nn.Hardsigmoid: _simple("hardsigmoid"),
    nn.LeakyReLU: lambda s, n, m, i: s.emit(n, "leaky_relu", i, slope=m.negative_slope),
    nn.Softmax: lambda s, n, m, i: s.emit(n, "softmax", i, axis=m.dim),
    nn.MaxPool2d: lambda s, n, m, i: _pool(s, n, m, i, "maxpool"),
    nn.AvgPool2d: lambda s, n, m, i: _pool(s, n, m, i, "avgpool"),
    nn.AdaptiveAvgPool2d: lambda s, n, m, i: global_mean(s, n, m.output_size, i),
    nn.Flatten: _flatten_module,
    nn.Dropout: _alias,
    nn.Dropout2d: _alias,
    nn.Identity: _alias,
    nn.LayerNorm: _layernorm,
    nn.Embedding: _embedding,
    nn.Upsample: lambda s, n, m, i: s.emit(n, "upsample", i, scale=m.scale_factor, mode=m.mode),
    nn.LocalResponseNorm: lambda s, n, m, i: s.emit(
        n, "lrn", i, size=m.size, alpha=m.alpha, beta=m.beta, bias=m.k, torch_window=True
    ),
}
