# SPDX-License-Identifier: Apache-2.0
"""SqueezeNet 1.0, pruned and weight-shared by Deep Compression: codes looked up, then float."""
from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from heddle_quantize.graph.executor import output
from heddle_quantize.graph.graph import Graph, Node, check_graph
from heddle_quantize.quantize.tensor_params import Options
from heddle_quantize.search.task import Labelled
from heddle_quantize.workloads import photographs
from heddle_quantize.workloads.workload import Golden, Workload, load_npz, source

POOL_AFTER = ("conv1", "fire4", "fire8")
NOTE = (
    "the reference logits' images are not in the folder: the network is judged on nine "
    "photographs, the search on agreement with the float network on their corner crops"
)


class _Builder:
    def __init__(self, arrays: dict[str, np.ndarray]) -> None:
        self.arrays = arrays
        self.graph = Graph("squeezenet1.0-pruned", {"image": (3, 227, 227)}, [], [], task="classification, ImageNet")

    def conv(self, name: str, value: str, stride: int, pad: int) -> str:
        weight = self.arrays[f"{name}.codebook"][self.arrays[f"{name}.code"]]
        self.graph.nodes.append(
            Node(
                name,
                "conv2d",
                [value],
                {"stride": [stride] * 2, "pads": [pad] * 4, "dilation": [1, 1], "groups": 1},
                {"weight": weight.astype(np.float32), "bias": self.arrays[f"{name}.bias"]},
            )
        )
        self.graph.nodes.append(Node(f"{name}.relu", "relu", [name]))
        return f"{name}.relu"

    def pool(self, name: str, value: str) -> str:
        if name not in POOL_AFTER:
            return value
        self.graph.nodes.append(
            Node(f"{name}.pool", "maxpool", [value], {"kernel": [3, 3], "stride": [2, 2], "ceil": True})
        )
        return f"{name}.pool"

    def build(self) -> Graph:
        value = self.pool("conv1", self.conv("conv1", "image", 2, 0))
        for i in range(2, 10):
            fire = f"fire{i}"
            value = self.conv(f"{fire}/squeeze1x1", value, 1, 0)
            sides = [self.conv(f"{fire}/expand1x1", value, 1, 0), self.conv(f"{fire}/expand3x3", value, 1, 1)]
            self.graph.nodes.append(Node(f"{fire}/concat", "concat", sides, {"axis": 1}))
            value = self.pool(fire, f"{fire}/concat")
        value = self.conv("conv10", value, 1, 1)  # the original pads this 1x1 convolution
        self.graph.nodes.append(Node("pool10", "mean", [value], {"axes": [2, 3], "keepdims": False}))
        self.graph.outputs = ["pool10"]
        check_graph(self.graph)
        return self.graph


def squeezenet(root: Path) -> Workload:
    file = root / "imagenet-squeezenet10-deepcompressed" / "squeezenet10_codes.npz"
    graph = _Builder(load_npz(file)).build()
    crops, centre = photographs.corners(root), photographs.centre(root)
    answers = output(graph, {"image": crops}, dtype=torch.float32, batch=9).argmax(1)

    def no_golden() -> list[Golden]:
        return []

    return Workload(
        graph,
        "top1",
        [{"image": centre[k : k + 1]} for k in range(len(centre))],
        {
            "source_model": source(file, "npz of shared weights"),
            "calibration": {"name": "corner crops of nine photographs", "samples": int(len(crops))},
        },
        no_golden,
        calib={"image": crops},
        search=Labelled({"image": crops}, answers),
        held_out=Labelled({"image": centre}, photographs.labels()),
        split="centre crops of nine photographs",
        options=Options("fixed", 16),
        batch=9,
        notes=NOTE,
    )
