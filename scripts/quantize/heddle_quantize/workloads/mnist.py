# SPDX-License-Identifier: Apache-2.0
"""The two int8 MNIST networks (ai8x): already integer, so the graph runs in codes (scale 1)."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from heddle_quantize.formats.uniform import QParams
from heddle_quantize.graph.executor import output, run
from heddle_quantize.graph.graph import Graph, Node, check_graph
from heddle_quantize.quantize.integer_arrays import IntegerArrays, LayerRun
from heddle_quantize.quantize.plan import LayerQuant, Plan
from heddle_quantize.search.task import Labelled
from heddle_quantize.workloads.workload import Golden, Workload, compare, load_json, load_npz, source

FOLDER = "mnist-ai85-ci"
SAMPLES = 4


def _unit(bits: int, signed: bool) -> QParams:
    return QParams(bits, signed, np.array(1.0), container=8)


def _pool(graph: Graph, name: str, spec: str, value: str) -> str:
    size = int(spec[1:])
    attrs = {"kernel": [size, size], "stride": [size, size]}
    if spec[0] == "m":
        graph.nodes.append(Node(f"{name}.pool", "maxpool", [value], attrs))
        return f"{name}.pool"
    graph.nodes.append(Node(f"{name}.pool", "avgpool", [value], attrs))
    graph.nodes.append(Node(f"{name}.round", "requant", [f"{name}.pool"], {"low": -128, "high": 127}))
    return f"{name}.round"


def _layer(
    graph: Graph,
    plan: Plan,
    entry: dict[str, Any],
    weights: dict[str, np.ndarray],
    value: str,
    signed: bool,
    last: bool,
) -> str:
    name = entry["name"]
    if entry["pre_pool"]:
        value = _pool(graph, name, entry["pre_pool"], value)
    params = {"weight": weights[f"{name}.weight"].astype(np.float64)}
    if f"{name}.bias" in weights:
        params["bias"] = weights[f"{name}.bias"].astype(np.float64)
    if entry["type"] == "conv":
        attrs = {"stride": [1, 1], "pads": [entry["pad"]] * 4, "dilation": [1, 1], "groups": 1}
        graph.nodes.append(Node(name, "conv2d", [value], attrs, params))
    else:
        graph.nodes.append(Node(f"{name}.flatten", "reshape", [value], {"shape": [-1]}))
        graph.nodes.append(Node(name, "linear", [f"{name}.flatten"], {}, params))
    # what ReLU made is never negative: seven bits and no sign
    plan.layers[name] = LayerQuant(_unit(8, True) if signed else _unit(7, False), _unit(8, True))
    if last:
        return str(name)
    factor = np.array([2.0 ** entry["output_shift"] / 128.0])
    graph.nodes.append(Node(f"{name}.requant", "requant", [name], {"low": -128, "high": 127}, {"multiplier": factor}))
    graph.nodes.append(Node(f"{name}.relu", "relu", [f"{name}.requant"]))
    return f"{name}.relu"


def _load(root: Path, stem: str) -> Workload:
    folder = root / FOLDER
    spec = load_json(folder / f"{stem}.json")
    weights = load_npz(folder / f"{stem}_weights.npz")
    data = load_npz(folder / "mnist_test_0000_0999.npz")
    graph = Graph(f"mnist-{stem}", {"image": (1, 28, 28)}, [], [], task="classification of handwritten digits")
    plan = Plan({})
    value = "image"
    for i, entry in enumerate(spec["layers"]):
        value = _layer(graph, plan, entry, weights, value, i == 0, i + 1 == len(spec["layers"]))
    graph.outputs = [value]
    check_graph(graph)
    images = data["x"][:, None].astype(np.float64) - 128
    labelled = Labelled({"image": images}, data["y"].astype(np.int64))
    return Workload(
        graph,
        "top1",
        [{"image": images[k : k + 1]} for k in range(SAMPLES)],
        {
            "source_model": source(folder / f"{stem}_weights.npz", "integers"),
            "method": {"scheme": "as quantised upstream"},
        },
        lambda: _golden(graph, plan, images, load_npz(folder / f"{stem}_golden.npz")),
        plan=plan,
        held_out=labelled,
        split="MNIST test images 0-999",
        batch=100,
    )


def _golden(graph: Graph, plan: Plan, images: np.ndarray, golden: dict[str, np.ndarray]) -> list[Golden]:
    logits = output(graph, {"image": images[:100]}, IntegerArrays(plan))
    checks = [compare("logits of 100 images", logits, golden["logits_acc"])]
    record: dict[str, LayerRun] = {}
    run(graph, {"image": images[:2]}, IntegerArrays(plan, record))
    for name, seen in record.items():
        checks.append(compare(f"input of {name}, 2 images", seen.act.numpy(), golden[f"act2img.{name}.input"]))
    return checks


def extrasmall(root: Path) -> Workload:
    return _load(root, "ai85extrasmall")


def net5(root: Path) -> Workload:
    return _load(root, "ai85net5")
