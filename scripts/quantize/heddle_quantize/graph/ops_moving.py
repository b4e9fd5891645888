# SPDX-License-Identifier: Apache-2.0
"""Operations that move, cut, pick, repeat or join values."""
from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from heddle_quantize.graph.graph import Node
from heddle_quantize.graph.registry import Tensor, op


@op("concat")
def _concat(node: Node, args: list[Tensor]) -> Tensor:
    axis = node.attrs["axis"]
    if axis == 0:
        return torch.cat(args)
    batch = max(a.shape[0] for a in args)
    # a constant (class token) has a batch of one
    return torch.cat([a.expand((batch,) + a.shape[1:]) for a in args], dim=axis)


@op("reshape")
def _reshape(node: Node, args: list[Tensor]) -> Tensor:
    """`shape` leaves out the batch; 0 copies the input's dimension, -1 is inferred."""
    x = args[0]
    if "full" in node.attrs:  # in graphs of one sample, where the batch moved or merged
        return x.reshape(node.attrs["full"])
    shape = [x.shape[i + 1] if n == 0 else n for i, n in enumerate(node.attrs["shape"])]
    return x.reshape([x.shape[0]] + shape)


@op("transpose")
def _transpose(node: Node, args: list[Tensor]) -> Tensor:
    return args[0].permute(node.attrs["perm"])


@op("slice")
def _slice(node: Node, args: list[Tensor]) -> Tensor:
    """`ranges` are (axis, start, stop, step) as Python slices; a negative step runs backwards."""
    x = args[0]
    for axis, start, stop, step in node.attrs["ranges"]:
        if step is None or step > 0:
            index: list[Any] = [slice(None)] * x.dim()
            index[axis] = slice(start, stop, step)
            x = x[tuple(index)]
        else:
            chosen = np.arange(x.shape[axis])[slice(start, stop, step)]
            x = x.index_select(axis, torch.from_numpy(chosen.copy()))
    return x


@op("select")
def _select(node: Node, args: list[Tensor]) -> Tensor:
    return args[0].select(node.attrs["axis"], node.attrs["index"])


@op("pad")
def _pad(node: Node, args: list[Tensor]) -> Tensor:
    """`pairs` holds (before, after) of every axis, the batch included; negative numbers cut."""
    x, pairs = args[0], node.attrs["pairs"]
    mode = node.attrs.get("mode", "constant")
    if mode == "constant":
        flat = [n for pair in reversed(pairs) for n in pair]
        return F.pad(x, flat, value=node.attrs.get("value", 0.0))
    for axis, (before, after) in enumerate(pairs):
        if before or after:
            chosen = _around(x.shape[axis], before, after, mode)
            x = x.index_select(axis, torch.from_numpy(chosen))
    return x


def _around(size: int, before: int, after: int, mode: str) -> np.ndarray:
    """Which values a padded axis shows."""
    position = np.arange(-before, size + after)
    if mode == "edge":
        return np.clip(position, 0, size - 1)
    if mode == "wrap":
        return position % size
    period = max(2 * (size - 1), 1)  # reflect
    folded = np.abs(position) % period
    return np.where(folded >= size, period - folded, folded)


@op("embedding")
def _embedding(node: Node, args: list[Tensor]) -> Tensor:
    weight = torch.from_numpy(node.params["weight"])
    return weight[args[0].long()].to(args[0].dtype)


@op("gather")
def _gather(node: Node, args: list[Tensor]) -> Tensor:
    """The slices of the first operand, along `axis`, that the second names; negative numbers count from the end."""
    x, index = args[0], args[1].long()
    axis = node.attrs["axis"] % x.dim()
    _check_index(index, x.shape[axis])
    picked = x.index_select(axis, torch.remainder(index.reshape(-1), x.shape[axis]))
    return picked.reshape(x.shape[:axis] + index.shape + x.shape[axis + 1 :])


def _check_index(index: Tensor, size: int) -> None:
    if index.numel() and not (-size <= int(index.min()) and int(index.max()) < size):
        raise ValueError(f"index {int(index.min())} to {int(index.max())} of {size} values")


@op("gather_elements")
def _gather_elements(node: Node, args: list[Tensor]) -> Tensor:
    axis = node.attrs["axis"]
    _check_index(args[1], args[0].shape[axis])
    return torch.gather(args[0], axis, torch.remainder(args[1].long(), args[0].shape[axis]))


@op("gather_nd")
def _gather_nd(node: Node, args: list[Tensor]) -> Tensor:
    x, index, lead = args[0], args[1].long(), node.attrs["batch"]
    common = x.shape[:lead]
    flat_x = x.reshape((-1,) + x.shape[lead:])
    flat_i = index.reshape((flat_x.shape[0], -1, index.shape[-1]))
    rows = torch.arange(flat_x.shape[0]).reshape(-1, 1).expand(flat_i.shape[:2])
    picked = flat_x[(rows, *flat_i.unbind(-1))]
    return picked.reshape(common + index.shape[lead:-1] + x.shape[lead + index.shape[-1] :])


@op("scatter_elements")
def _scatter_elements(node: Node, args: list[Tensor]) -> Tensor:
    x, update = args[0].clone(), args[2].to(args[0].dtype)
    axis = node.attrs["axis"]
    _check_index(args[1], x.shape[axis])
    place = np.indices(tuple(args[1].shape))
    place[axis] = torch.remainder(args[1].long(), x.shape[axis]).numpy()
    _scatter(x.numpy(), tuple(place), update.numpy(), node.attrs.get("reduction", "none"))
    return x


@op("scatter_nd")
def _scatter_nd(node: Node, args: list[Tensor]) -> Tensor:
    x, index, update = args[0].clone(), args[1].long(), args[2].to(args[0].dtype)
    place = []
    for axis in range(index.shape[-1]):
        _check_index(index[..., axis], x.shape[axis])
        place.append(torch.remainder(index[..., axis], x.shape[axis]).numpy())
    _scatter(x.numpy(), tuple(place), update.numpy(), node.attrs.get("reduction", "none"))
    return x


def _scatter(x: np.ndarray, place: tuple[np.ndarray, ...], update: np.ndarray, reduction: str) -> None:
    """Writes in place, one update after the other."""
    if reduction == "none":
        x[place] = update
    else:
        kinds: dict[str, np.ufunc] = {"add": np.add, "mul": np.multiply, "max": np.maximum, "min": np.minimum}
        kinds[reduction].at(x, place, update)


@op("expand")
def _expand(node: Node, args: list[Tensor]) -> Tensor:
    shape = torch.broadcast_shapes(args[0].shape, tuple(node.attrs["shape"]))
    return args[0].expand(shape).contiguous()


@op("tile")
def _tile(node: Node, args: list[Tensor]) -> Tensor:
    return args[0].repeat(node.attrs["times"])


@op("repeat")
def _repeat(node: Node, args: list[Tensor]) -> Tensor:
    return torch.repeat_interleave(args[0], node.attrs["times"], dim=node.attrs["axis"])


@op("triangle")
def _triangle(node: Node, args: list[Tensor]) -> Tensor:
    keep = torch.ones(args[0].shape[-2:], dtype=torch.bool)
    keep = keep.triu(node.attrs["k"]) if node.attrs["upper"] else keep.tril(node.attrs["k"])
    return torch.where(keep, args[0], torch.zeros_like(args[0]))


@op("reverse_sequence")
def _reverse_sequence(node: Node, args: list[Tensor]) -> Tensor:
    """The first `length` steps of each row backwards."""
    x, lengths = args[0].clone(), args[1].long()
    moved = x.movedim((node.attrs["batch_axis"], node.attrs["time_axis"]), (0, 1))
    for row, length in enumerate(lengths.tolist()):
        moved[row, :length] = moved[row, :length].flip(0)
    return x


@op("one_hot")
def _one_hot(node: Node, args: list[Tensor]) -> Tensor:
    index, values = args[0].long(), args[1]
    depth = node.attrs["depth"]
    hot = torch.remainder(index, depth).unsqueeze(-1) == torch.arange(depth)
    inside = ((index >= -depth) & (index < depth)).unsqueeze(-1)
    return torch.where(hot & inside, values[1], values[0]).movedim(-1, node.attrs["axis"])


@op("shuffle_space")
def _shuffle_space(node: Node, args: list[Tensor]) -> Tensor:
    """Depth to space (`column_row_depth` or `depth_column_row` order) and space to depth."""
    x, b, order = args[0], node.attrs["block"], node.attrs["order"]
    n, c, h, w = x.shape
    if order == "space_to_depth":
        x = x.reshape(n, c, h // b, b, w // b, b).permute(0, 3, 5, 1, 2, 4)
        return x.reshape(n, c * b * b, h // b, w // b)
    if order == "DCR":
        x = x.reshape(n, b, b, c // (b * b), h, w).permute(0, 3, 4, 1, 5, 2)
    else:
        x = x.reshape(n, c // (b * b), b, b, h, w).permute(0, 1, 4, 2, 5, 3)
    return x.reshape(n, c // (b * b), h * b, w * b)


@op("alike")
def _alike(node: Node, args: list[Tensor]) -> Tensor:
    """The first operand once for each sample of the second."""
    return args[0].expand((args[1].shape[0],) + args[0].shape[1:]).contiguous()
