# SPDX-License-Identifier: Apache-2.0
"""Shared fixtures: the package on the path, one thread, a small graph, the workloads folder."""
from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
torch.set_num_threads(1)
os.environ.setdefault("HEDDLE_ONNXRUNTIME", str(Path(__file__).resolve().parents[3] / "build" / "onnxruntime"))

from heddle_quantize.base.progress import Progress  # noqa: E402
from heddle_quantize.graph.graph import Graph  # noqa: E402
from heddle_quantize.ingest.torch.ingest_module import ingest_module  # noqa: E402

Progress.quiet = True
REPOSITORY = Path(__file__).resolve().parents[3]


class SmallNet(nn.Module):
    """A grouped, a strided and a depthwise convolution, batch norm, residual, pooling, FC."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 20, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(20)
        self.conv2 = nn.Conv2d(20, 20, 3, stride=2, padding=1, groups=2)
        self.conv3 = nn.Conv2d(20, 20, 3, padding=2, dilation=2, groups=20)
        self.fc = nn.Linear(20, 7)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        x = torch.relu(self.bn1(self.conv1(image)))
        x = torch.relu(self.conv2(x))
        x = torch.relu(self.conv3(x)) + x
        return self.fc(x.mean((2, 3)))


@pytest.fixture
def small_net() -> nn.Module:
    torch.manual_seed(3)
    net = SmallNet().eval()
    net.bn1.running_mean.normal_()
    net.bn1.running_var.uniform_(0.5, 2.0)
    return net


@pytest.fixture
def small_graph(small_net: nn.Module) -> Graph:
    return ingest_module(small_net, "small", (3, 9, 9))


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(5).standard_normal((6, 3, 9, 9)).astype(np.float32)


@pytest.fixture
def workloads_folder() -> Path:
    value = os.environ.get("HEDDLE_WORKLOADS")
    if not value:
        pytest.skip("HEDDLE_WORKLOADS is not set: the trained networks are not here")
    return Path(value)
