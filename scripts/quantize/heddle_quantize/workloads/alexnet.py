# SPDX-License-Identifier: Apache-2.0
"""Convolutions of pruned AlexNet (grouped). No biases, no classifier: accuracy has no meaning."""
from __future__ import annotations

from pathlib import Path

import numpy as np

from heddle_quantize.graph.graph import Graph, Node, check_graph
from heddle_quantize.quantize.tensor_params import Options
from heddle_quantize.workloads import photographs
from heddle_quantize.workloads.workload import Golden, Workload, load_npz, source

# name: stride, pad, groups, pooled after, normalised after
LAYERS: dict[str, tuple[int, int, int, bool, bool]] = {
    "conv1": (4, 0, 1, True, True),
    "conv2": (1, 2, 2, True, True),
    "conv3": (1, 1, 1, False, False),
    "conv4": (1, 1, 2, False, False),
    "conv5": (1, 1, 2, True, False),
}
NOTE = (
    "upstream publishes no biases and no fully connected layers, so activations are those of "
    "the convolutions alone (biases zero) and no accuracy can be stated"
)


def _weights(arrays: dict[str, np.ndarray], name: str) -> np.ndarray:
    flat = np.zeros(int(np.prod(arrays[f"{name}.shape"])), np.float32)
    flat[np.cumsum(arrays[f"{name}.index_delta"].astype(np.int64))] = arrays[f"{name}.value"]
    return flat.reshape(arrays[f"{name}.shape"])


def _build(arrays: dict[str, np.ndarray], title: str) -> Graph:
    graph = Graph(
        title,
        {"image": (3, photographs.CROP, photographs.CROP)},
        [],
        [],
        task="classification, ImageNet (convolutions only)",
    )
    value = "image"
    for name, (stride, pad, groups, pooled, normalised) in LAYERS.items():
        graph.nodes.append(
            Node(
                name,
                "conv2d",
                [value],
                {"stride": [stride] * 2, "pads": [pad] * 4, "dilation": [1, 1], "groups": groups},
                {"weight": _weights(arrays, name)},
            )
        )
        graph.nodes.append(Node(f"{name}.relu", "relu", [name]))
        value = f"{name}.relu"
        if pooled:
            graph.nodes.append(
                Node(f"{name}.pool", "maxpool", [value], {"kernel": [3, 3], "stride": [2, 2], "ceil": True})
            )
            value = f"{name}.pool"
        if normalised:
            graph.nodes.append(
                Node(f"{name}.norm", "lrn", [value], {"size": 5, "alpha": 1e-4, "beta": 0.75, "bias": 1.0})
            )
            value = f"{name}.norm"
    graph.outputs = [value]
    check_graph(graph)
    return graph


def _load(root: Path, stem: str, title: str) -> Workload:
    file = root / "alexnet-sparse-skimcaffe" / f"{stem}.npz"
    graph = _build(load_npz(file), title)
    centre = photographs.centre(root)

    def no_golden() -> list[Golden]:
        return []

    return Workload(
        graph,
        "top1",
        [{"image": centre[k : k + 1]} for k in range(len(centre))],
        {
            "source_model": source(file, "npz of sparse weights"),
            "calibration": {"name": "centre crops of nine photographs", "samples": int(len(centre))},
        },
        no_golden,
        calib={"image": centre},
        options=Options("fixed", 16),
        batch=9,
        notes=NOTE,
    )


def sparse(root: Path) -> Workload:
    return _load(root, "alexnet_conv_acc0.56256", "alexnet-sparse-0.56256")


def sparse_ft(root: Path) -> Workload:
    return _load(root, "alexnet_conv_acc0.56318_ft", "alexnet-sparse-0.56318-ft")
