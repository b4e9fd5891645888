# SPDX-License-Identifier: Apache-2.0
"""CNV W2A2: ternary weights, ternary activations made by thresholds, exact after layer 0."""
from __future__ import annotations

from pathlib import Path

import numpy as np

from heddle_quantize.formats.uniform import QParams
from heddle_quantize.graph.executor import output
from heddle_quantize.graph.graph import Graph, Node, check_graph
from heddle_quantize.quantize.integer_arrays import IntegerArrays
from heddle_quantize.quantize.plan import LayerQuant, Plan
from heddle_quantize.search.task import Labelled
from heddle_quantize.workloads.workload import Golden, Workload, compare, load_npz, source


CONVOLUTIONS, LAYERS = 6, 9
POOL_AFTER = (1, 3)
CLASSES = 10


def pixels_to_codes(images: np.ndarray) -> np.ndarray:
    """uint8 NHWC to codes with 7 fraction bits, -128 to 127, NCHW."""
    scaled = np.floor((images.astype(np.float64) / 255.0 * 2.0 - 1.0) * 128.0)
    return np.ascontiguousarray(np.clip(scaled, -128, 127).transpose(0, 3, 1, 2))


def _unit(bits: int) -> QParams:
    return QParams(bits, True, np.array(1.0), container=8 if bits > 2 else 2)


def _build(arrays: dict[str, np.ndarray]) -> tuple[Graph, Plan]:
    graph = Graph("cnv-w2a2", {"image": (3, 32, 32)}, [], [], task="classification, CIFAR-10")
    plan = Plan({})
    value = "image"
    for i in range(LAYERS):
        name = f"L{i}"
        params = {"weight": arrays[f"{name}.weight"].astype(np.float64)}
        if i < CONVOLUTIONS:
            attrs = {"stride": [1, 1], "pads": [0] * 4, "dilation": [1, 1], "groups": 1}
            graph.nodes.append(Node(name, "conv2d", [value], attrs, params))
        else:
            if i == CONVOLUTIONS:
                graph.nodes.append(Node("flatten", "reshape", [value], {"shape": [-1]}))
                value = "flatten"
            graph.nodes.append(Node(name, "linear", [value], {}, params))
        plan.layers[name] = LayerQuant(_unit(8 if i == 0 else 2), _unit(2))
        value = name
        if f"{name}.thresholds" in arrays:
            # layer 0's sums are in 1/128 and its thresholds in 1/256
            graph.nodes.append(
                Node(
                    f"{name}.act",
                    "thresholds",
                    [value],
                    {"base": -1, "factor": 2 if i == 0 else 1},
                    {"thresholds": arrays[f"{name}.thresholds"]},
                )
            )
            value = f"{name}.act"
        if i in POOL_AFTER:
            graph.nodes.append(Node(f"{name}.pool", "maxpool", [value], {"kernel": [2, 2], "stride": [2, 2]}))
            value = f"{name}.pool"
    graph.nodes.append(Node("scores", "slice", [value], {"ranges": [(1, 0, CLASSES, 1)]}))
    graph.outputs = ["scores"]
    check_graph(graph)
    return graph, plan


def cnv_w2a2(root: Path) -> Workload:
    file = root / "cnv-bnnpynq" / "cnvW2A2.npz"
    graph, plan = _build(load_npz(file))
    golden = load_npz(root / "cnv-bnnpynq" / "cnvW2A2_golden.npz")
    test = load_npz(root / "cifar10-lossless500" / "cifar10_test_0000_0499.npz")
    images = pixels_to_codes(test["x"])

    def check_golden() -> list[Golden]:
        scores = output(graph, {"image": images[:100]}, IntegerArrays(plan))
        return [compare("scores of 100 images", scores, golden["scores"])]

    return Workload(
        graph,
        "top1",
        [{"image": images[k : k + 1]} for k in range(2)],
        {"source_model": source(file, "integers"), "method": {"scheme": "as quantised upstream"}},
        check_golden,
        plan=plan,
        held_out=Labelled({"image": images}, test["y"].astype(np.int64)),
        split="CIFAR-10 test images 0-499",
    )
