# SPDX-License-Identifier: Apache-2.0
"""The layers of dnnsim_reference: a tensor's values in the order in which DNNsim's accelerators take them."""
import dataclasses
import math

import numpy as np

LANES = 16


@dataclasses.dataclass
class Array:
    tiles: int = 16
    rows: int = 16
    columns: int = 16
    pe_width: int = 16


@dataclasses.dataclass
class Layer:
    """One layer and image. conv: activations (C,H,W), weights (K,C/groups,R,S); fc: (C,) and (K,C)."""

    activations: np.ndarray
    weights: np.ndarray
    activation_bits: int
    weight_bits: int
    signed_activations: bool  # of the whole tensor, all images
    signed_weights: bool
    stride: int = 1
    pad: int = 0

    @property
    def is_fc(self):
        return self.weights.ndim == 2


def blocks_of(bits, array):
    return math.ceil(bits / array.pe_width)


@dataclasses.dataclass
class Steps:
    """A run of filters that share channels: per window the steps' bricks, per filter the steps' weights."""

    windows: list  # [window][step][lane]
    filters: list  # [filter][step][lane]
    lanes: int = LANES  # that weights can be packed into
    present: list = None  # [filter][step]: lanes that have a channel


def fold_image(activations, weights, stride):
    """stride x stride positions become channels (dx * s + dy) * C + c, the kernel is extended with zeros."""
    channels, height, width = activations.shape
    filters, _, kernel_h, kernel_w = weights.shape
    rows, cols = math.ceil(kernel_h / stride), math.ceil(kernel_w / stride)
    image = np.zeros((channels * stride * stride, math.ceil(height / stride), math.ceil(width / stride)), np.int64)
    kernel = np.zeros((filters, channels * stride * stride, rows, cols), np.int64)
    for c in range(channels):
        for y in range(height):
            for x in range(width):
                k = ((x % stride) * stride + y % stride) * channels + c
                image[k, y // stride, x // stride] = activations[c, y, x]
        for y in range(kernel_h):
            for x in range(kernel_w):
                k = ((x % stride) * stride + y % stride) * channels + c
                kernel[:, k, y // stride, x // stride] = weights[:, c, y, x]
    return image, kernel


def brick(values):
    out = [0] * LANES
    for lane, value in enumerate(values):
        out[lane] = int(value)
    return out


def rows_of(layer, array):
    """Filters of a tile, after rows are composed for wide weights."""
    return array.rows // blocks_of(layer.weight_bits, array)


def windows_of(image, kernel, stride, count):
    """Bricks of each window: positions (kx, ky), and at each position `count` channels in blocks of lanes."""
    (kernel_h, kernel_w), windows = kernel, []
    for ox in range((image.shape[2] - kernel_w) // stride + 1):
        for oy in range((image.shape[1] - kernel_h) // stride + 1):  # the first spatial axis runs fastest
            windows.append(
                [
                    brick(image[k : k + LANES, oy * stride + ky, ox * stride + kx])
                    for kx in range(kernel_w)
                    for ky in range(kernel_h)
                    for k in range(0, count, LANES)
                ]
            )
    return windows


def filter_bricks(weight):
    """Bricks of one filter (C,R,S), in the order of a window's."""
    channels, kernel_h, kernel_w = weight.shape
    return [
        brick(weight[k : k + LANES, ky, kx])
        for kx in range(kernel_w)
        for ky in range(kernel_h)
        for k in range(0, channels, LANES)
    ]


def lower_fc(layer):
    parts = range(0, len(layer.activations), LANES)
    return Steps(
        [[brick(layer.activations[p : p + LANES]) for p in parts]],
        [[brick(w[p : p + LANES]) for p in parts] for w in layer.weights],
        present=[[range(min(LANES, len(w) - p)) for p in parts] for w in layer.weights],
    )


def lower_depthwise(image, weights, stride, square):
    """`square` channels per tile, as many as it has rows; a filter has its channel's lane only."""
    filters, _, kernel_h, kernel_w = weights.shape
    per_group = filters // image.shape[0]
    out = []
    for first in range(0, image.shape[0], square):
        count = min(square, image.shape[0] - first)
        own = weights[first * per_group :][: per_group * count]
        windows = windows_of(image[first : first + count], (kernel_h, kernel_w), stride, count)
        lanes = [row // per_group for row in range(len(own))]
        lists = [
            [brick([0] * lane + [weight[0, ky, kx]]) for kx in range(kernel_w) for ky in range(kernel_h)]
            for lane, weight in zip(lanes, own)
        ]
        present = [[[lane]] * len(windows[0]) for lane in lanes]
        # one set of filters after the other, on one tile
        for i in range(0, len(lists), square):
            out.append(Steps(windows, lists[i : i + square], square, present[i : i + square]))
    return out


def lower_group(image, weights, stride):
    channels, kernel_h, kernel_w = weights.shape[1:]
    present = [range(min(LANES, channels - k)) for k in range(0, channels, LANES)] * (kernel_w * kernel_h)
    windows = windows_of(image, (kernel_h, kernel_w), stride, channels)
    return Steps(windows, [filter_bricks(w) for w in weights], present=[present] * len(weights))


def lower(layer, array):
    """The layer's groups as Steps, in the order in which they run; windows and kernels down the columns
    (kx, ky, block)."""
    if layer.is_fc:
        return [lower_fc(layer)]
    image = np.pad(layer.activations, ((0, 0), (layer.pad, layer.pad), (layer.pad, layer.pad)))
    weights, stride = layer.weights, layer.stride
    if image.shape[0] == 3 and stride > 1 and weights.shape[1] == 3:
        image, weights = fold_image(image, weights, stride)
        stride = 1
    filters, channels = weights.shape[:2]
    groups = image.shape[0] // channels
    if channels == 1 and groups > 1:
        return lower_depthwise(image, weights, stride, min(LANES, rows_of(layer, array)))
    per_group = filters // groups
    return [
        lower_group(image[i * channels :][:channels], weights[i * per_group :][:per_group], stride)
        for i in range(groups)
    ]
