# SPDX-License-Identifier: Apache-2.0
"""ResNet-20 and ResNet-56 for CIFAR-10 (option A shortcuts), float weights, batch norm folded."""
from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from heddle_quantize.graph.executor import output
from heddle_quantize.ingest.torch.ingest_module import ingest_module
from heddle_quantize.quantize.tensor_params import Options
from heddle_quantize.search.task import Labelled
from heddle_quantize.workloads.workload import Golden, Workload, compare, load_npz, source

MEAN = np.array([0.485, 0.456, 0.406], np.float32)
STD = np.array([0.229, 0.224, 0.225], np.float32)
SEARCH_IMAGES = 250
SAMPLES = 1


class Block(nn.Module):
    """Two convolutions; a shortcut that strides and pads channels where the shape changes."""

    def __init__(self, channels_in: int, channels: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.extra = (channels - channels_in) // 2

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = F.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        if self.extra:
            x = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.extra, self.extra), "constant", 0)
        return F.relu(y + x)


class ResNet(nn.Module):
    def __init__(self, blocks: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.layer1 = self._stage(16, 16, blocks, 1)
        self.layer2 = self._stage(16, 32, blocks, 2)
        self.layer3 = self._stage(32, 64, blocks, 2)
        self.linear = nn.Linear(64, 10)

    @staticmethod
    def _stage(channels_in: int, channels: int, blocks: int, stride: int) -> nn.Sequential:
        first = Block(channels_in, channels, stride)
        return nn.Sequential(first, *[Block(channels, channels, 1) for _ in range(blocks - 1)])

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        x = F.relu(self.bn1(self.conv1(image)))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.linear(x.mean((2, 3)))


def cifar(images: np.ndarray, mean: np.ndarray = MEAN, std: np.ndarray = STD) -> np.ndarray:
    """uint8 NHWC to normalised float NCHW."""
    scaled = (images.astype(np.float32) / np.float32(255.0) - mean) / std
    return np.ascontiguousarray(scaled.transpose(0, 3, 1, 2))


def _load(root: Path, depth: int) -> Workload:
    weights_file = root / "cifar-resnet20-56" / f"resnet{depth}_fp32.npz"
    state = load_npz(weights_file)
    net = ResNet((depth - 2) // 6)
    net.load_state_dict({k: torch.from_numpy(v) for k, v in state.items()}, strict=False)
    graph = ingest_module(net, f"resnet{depth}", (3, 32, 32))
    graph.task = "classification, CIFAR-10"
    folder = root / "cifar10-lossless500"
    test, train = load_npz(folder / "cifar10_test_0000_0499.npz"), load_npz(folder / "cifar10_train_calib200.npz")
    x, y = cifar(test["x"]), test["y"].astype(np.int64)
    input_name = next(iter(graph.inputs))
    parts = [Labelled({input_name: x[s]}, y[s]) for s in (slice(0, SEARCH_IMAGES), slice(SEARCH_IMAGES, None))]
    golden = load_npz(root / "cifar-resnet20-56" / f"resnet{depth}_golden_logits.npz")

    def check() -> list[Golden]:
        logits = output(graph, {input_name: x[:100]}, dtype=torch.float32)
        return [compare("float logits of 100 images", logits, golden["logits"], 2e-3)]

    return Workload(
        graph,
        "top1",
        [{input_name: x[k : k + 1]} for k in range(SAMPLES)],
        {
            "source_model": source(weights_file, "npz of float32 weights"),
            "calibration": {"name": "CIFAR-10 training images", "samples": int(len(train["x"]))},
        },
        check,
        calib={input_name: cifar(train["x"])},
        search=parts[0],
        held_out=parts[1],
        split="CIFAR-10 test images 250-499 (search on 0-249)",
        options=Options("fixed", 16),
    )


def resnet20(root: Path) -> Workload:
    return _load(root, 20)


def resnet56(root: Path) -> Workload:
    return _load(root, 56)
