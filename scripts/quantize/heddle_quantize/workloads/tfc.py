# SPDX-License-Identifier: Apache-2.0
"""The three QONNX networks for MNIST (784-64-64-64-10), as they were quantized."""
from __future__ import annotations

from pathlib import Path

import numpy as np

from heddle_quantize.graph.executor import output
from heddle_quantize.ingest.qonnx.ingest_qonnx import ingest_qonnx
from heddle_quantize.quantize.integer_arrays import IntegerArrays
from heddle_quantize.search.task import Labelled
from heddle_quantize.workloads.workload import Golden, Workload, compare, load_npz, source

SAMPLES = 4
# One unit of the last accumulator moves a score by 0.04: scores that differ by less come from equal accumulators.
TOLERANCE = 1e-4


def _load(root: Path, stem: str) -> Workload:
    file = root / "qonnx-tfc" / f"{stem}.onnx"
    graph, plan = ingest_qonnx(file)
    graph.task = "classification of handwritten digits"
    data = load_npz(root / "mnist-ai85-ci" / "mnist_test_0000_0999.npz")
    name = next(iter(graph.inputs))
    images = data["x"].reshape((-1,) + graph.inputs[name]).astype(np.float64) / 255.0
    golden = load_npz(root / "qonnx-tfc" / "golden_mnist_first100.npz")

    def check() -> list[Golden]:
        scores = output(graph, {name: images[:100]}, IntegerArrays(plan))
        return [compare("scores of 100 images", scores, golden[stem], TOLERANCE)]

    return Workload(
        graph,
        "top1",
        [{name: images[k : k + 1]} for k in range(SAMPLES)],
        {"source_model": source(file, "qonnx"), "method": {"scheme": "as quantised upstream"}},
        check,
        plan=plan,
        held_out=Labelled({name: images}, data["y"].astype(np.int64)),
        split="MNIST test images 0-999",
        batch=100,
    )


def w1a1(root: Path) -> Workload:
    return _load(root, "TFC_1W1A")


def w1a2(root: Path) -> Workload:
    return _load(root, "TFC_1W2A")


def w2a2(root: Path) -> Workload:
    return _load(root, "TFC_2W2A")
