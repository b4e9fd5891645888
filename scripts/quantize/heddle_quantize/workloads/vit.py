# SPDX-License-Identifier: Apache-2.0
"""The small vision transformer for CIFAR-10, through the ONNX importer."""
from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from heddle_quantize.graph.executor import output
from heddle_quantize.ingest.onnx.ingest_onnx import ingest_onnx
from heddle_quantize.quantize.tensor_params import Options
from heddle_quantize.search.task import Labelled
from heddle_quantize.workloads.cifar_resnet import SEARCH_IMAGES, cifar
from heddle_quantize.workloads.workload import Golden, Workload, compare, load_npz, source

MEAN = np.array([0.4914, 0.4822, 0.4465], np.float32)
STD = np.array([0.2023, 0.1994, 0.2010], np.float32)


def vit(root: Path) -> Workload:
    file = root / "vit-cifar-ibp338" / "vit_ibp_3_3_8.onnx"
    graph = ingest_onnx(file)
    graph.task = "classification, CIFAR-10"
    folder = root / "cifar10-lossless500"
    test, train = load_npz(folder / "cifar10_test_0000_0499.npz"), load_npz(folder / "cifar10_train_calib200.npz")
    x, y = cifar(test["x"], MEAN, STD), test["y"].astype(np.int64)
    golden = load_npz(root / "vit-cifar-ibp338" / "golden.npz")

    def check() -> list[Golden]:
        logits = output(graph, {"input": x[:100]}, dtype=torch.float32)
        return [compare("float logits of 100 images", logits, golden["logits"], 1e-3)]

    search, held_out = (Labelled({"input": x[s]}, y[s]) for s in (slice(0, SEARCH_IMAGES), slice(SEARCH_IMAGES, None)))
    return Workload(
        graph,
        "top1",
        [{"input": x[k : k + 1]} for k in range(2)],
        {
            "source_model": source(file, "onnx"),
            "calibration": {"name": "CIFAR-10 training images", "samples": int(len(train["x"]))},
        },
        check,
        calib={"input": cifar(train["x"], MEAN, STD)},
        search=search,
        held_out=held_out,
        split="CIFAR-10 test images 250-499 (search on 0-249)",
        options=Options("fixed", 16),
    )
