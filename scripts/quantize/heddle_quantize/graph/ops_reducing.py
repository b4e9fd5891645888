# SPDX-License-Identifier: Apache-2.0
"""Operations that reduce over axes, rank along them, or normalise."""
from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F

from heddle_quantize.graph.graph import Node
from heddle_quantize.graph.registry import Tensor, channelwise, op, param


def _real(x: Tensor) -> Tensor:
    return x if x.is_floating_point() else x.double()


@op("softmax")
def _softmax(node: Node, args: list[Tensor]) -> Tensor:
    return torch.softmax(args[0], dim=node.attrs.get("axis", -1))


@op("log_softmax")
def _log_softmax(node: Node, args: list[Tensor]) -> Tensor:
    return torch.log_softmax(args[0], dim=node.attrs["axis"])


@op("hardmax")
def _hardmax(node: Node, args: list[Tensor]) -> Tensor:
    x, axis = args[0], node.attrs["axis"]
    return torch.zeros_like(x).scatter(axis, x.argmax(axis, keepdim=True), 1.0)


@op("mean")
def _mean(node: Node, args: list[Tensor]) -> Tensor:
    return args[0].mean(dim=node.attrs["axes"], keepdim=node.attrs.get("keepdims", True))


@op("sum")
def _sum(node: Node, args: list[Tensor]) -> Tensor:
    return args[0].sum(dim=node.attrs["axes"], keepdim=node.attrs.get("keepdims", True))


def _product(x: Tensor, axes: list[int], keep: bool) -> Tensor:
    for axis in sorted(axes, reverse=True):
        x = x.prod(axis, keepdim=keep)
    return x


REDUCTIONS: dict[str, Callable[[Tensor, list[int], bool], Tensor]] = {
    "mean": lambda x, a, k: _real(x).mean(a, k),
    "sum": lambda x, a, k: x.sum(a, k),
    "max": lambda x, a, k: x.amax(a, k),
    "min": lambda x, a, k: x.amin(a, k),
    "prod": _product,
    "l1": lambda x, a, k: x.abs().sum(a, k),
    "l2": lambda x, a, k: _real(x * x).sum(a, k).sqrt(),
    "log_sum": lambda x, a, k: _real(x).sum(a, k).log(),
    "log_sum_exp": lambda x, a, k: _real(x).logsumexp(a, k),
    "sum_square": lambda x, a, k: (x * x).sum(a, k),
}


@op("reduce")
def _reduce(node: Node, args: list[Tensor]) -> Tensor:
    return REDUCTIONS[node.attrs["kind"]](args[0], node.attrs["axes"], node.attrs["keepdims"])


@op("arg")
def _arg(node: Node, args: list[Tensor]) -> Tensor:
    """The position of the greatest (or least) value along an axis: the first one, or the last."""
    x, axis = args[0], node.attrs["axis"]
    fn = torch.argmax if node.attrs["greatest"] else torch.argmin
    if node.attrs["last"]:
        out = x.shape[axis] - 1 - fn(x.flip(axis), axis, keepdim=node.attrs["keepdims"])
    else:
        out = fn(x, axis, keepdim=node.attrs["keepdims"])
    return out.to(x.dtype)


@op("cumsum")
def _cumsum(node: Node, args: list[Tensor]) -> Tensor:
    x, axis = args[0], node.attrs["axis"]
    x = x.flip(axis) if node.attrs["reverse"] else x
    out = x.cumsum(axis) - x if node.attrs["exclusive"] else x.cumsum(axis)
    return out.flip(axis) if node.attrs["reverse"] else out


@op("topk")
def _topk(node: Node, args: list[Tensor]) -> Tensor:
    """The k greatest (or least) values along an axis, or where they lie; of equal ones the first."""
    x, a = args[0], node.attrs
    values, where = torch.sort(x, dim=a["axis"], descending=a["greatest"], stable=True)
    picked = (where if a["positions"] else values).narrow(a["axis"], 0, a["k"])
    return picked.to(x.dtype)


@op("einsum")
def _einsum(node: Node, args: list[Tensor]) -> Tensor:
    return torch.einsum(node.attrs["equation"], *args)


@op("det")
def _det(node: Node, args: list[Tensor]) -> Tensor:
    return torch.linalg.det(args[0])


@op("batchnorm")
def _batchnorm(node: Node, args: list[Tensor]) -> Tensor:
    x = args[0]
    scale, shift = param(node, "scale", x), param(node, "shift", x)
    assert scale is not None and shift is not None
    if x.dim() == 1:
        return x * scale + shift
    return x * channelwise(scale, x) + channelwise(shift, x)


@op("layernorm")
def _layernorm(node: Node, args: list[Tensor]) -> Tensor:
    """Over the last axes; weight and bias have their shape."""
    x = args[0]
    count = node.attrs.get("axes", 1)
    shape = x.shape[x.dim() - count :]
    out = F.layer_norm(x, shape, None, None, node.attrs.get("eps", 1e-5))
    weight, bias = param(node, "weight", x), param(node, "bias", x)
    out = out if weight is None else out * weight
    return out if bias is None else out + bias


@op("moment")
def _moment(node: Node, args: list[Tensor]) -> Tensor:
    """What layer normalisation takes off, or multiplies by."""
    var, mean = torch.var_mean(args[0], node.attrs["axes"], unbiased=False, keepdim=True)
    return mean if node.attrs["kind"] == "mean" else torch.rsqrt(var + node.attrs["eps"])


@op("groupnorm")
def _groupnorm(node: Node, args: list[Tensor]) -> Tensor:
    """Over groups of channels (axis 1) and all that follows; a group per channel is instance normalisation."""
    x = args[0]
    groups = node.attrs["groups"]
    flat = x.reshape(x.shape[0], groups, -1)
    var, mean = torch.var_mean(flat, -1, unbiased=False, keepdim=True)
    out = ((flat - mean) / torch.sqrt(var + node.attrs["eps"])).reshape(x.shape)
    weight, bias = param(node, "weight", x), param(node, "bias", x)
    assert weight is not None and bias is not None
    return out * channelwise(weight, x) + channelwise(bias, x)


@op("standardise")
def _standardise(node: Node, args: list[Tensor]) -> Tensor:
    """Mean 0 and variance 1 over the axes."""
    var, mean = torch.var_mean(args[0], node.attrs["axes"], unbiased=False, keepdim=True)
    return (args[0] - mean) / (torch.sqrt(var) + node.attrs["eps"])


@op("lpnorm")
def _lpnorm(node: Node, args: list[Tensor]) -> Tensor:
    return args[0] / args[0].norm(node.attrs["power"], node.attrs["axis"], keepdim=True)


@op("rmsnorm")
def _rmsnorm(node: Node, args: list[Tensor]) -> Tensor:
    x = args[0]
    weight = param(node, "weight", x)
    assert weight is not None
    return x * torch.rsqrt((x * x).mean(-1, keepdim=True) + node.attrs.get("eps", 1e-5)) * weight


@op("lrn")
def _lrn(node: Node, args: list[Tensor]) -> Tensor:
    """Sums squares over `size` channels, (size-1)//2 of them in front (`torch_window`: size//2, as torch does)."""
    x, a = args[0], node.attrs
    size = a["size"]
    front = size // 2 if a.get("torch_window", False) else (size - 1) // 2
    square = x * x
    padded = F.pad(square, [0, 0] * (x.dim() - 2) + [front, size - 1 - front])
    total = padded.unfold(1, size, 1).sum(-1)
    return x / (a["bias"] + a["alpha"] / size * total) ** a["beta"]


@op("nll")
def _nll(node: Node, args: list[Tensor]) -> Tensor:
    """Minus the log-probability (axis 1) of each target class, weighted by class."""
    logs, target = args[0], args[1].long()
    ignore = node.attrs["ignore"]
    weight = args[2] if len(args) > 2 else torch.ones(logs.shape[1], dtype=logs.dtype)
    kept = torch.ones_like(target, dtype=torch.bool) if ignore is None else target != ignore
    safe = torch.where(kept, target, torch.zeros_like(target))
    weights = torch.where(kept, weight[safe], torch.zeros_like(weight[safe]))
    loss = -logs.gather(1, safe.unsqueeze(1)).squeeze(1) * weights
    if node.attrs["reduction"] == "none":
        return loss
    total = loss.sum()
    return total / weights.sum() if node.attrs["reduction"] == "mean" else total
