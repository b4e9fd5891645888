# SPDX-License-Identifier: Apache-2.0
"""Whole networks by both ways in: outputs, products, and a verified trace."""
from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from heddle_quantize.export.exporter import ExportOptions, export
from heddle_quantize.graph import executor
from heddle_quantize.graph.graph import Graph
from heddle_quantize.graph.work import layer_work
from heddle_quantize.ingest.onnx.ingest_onnx import ingest_onnx
from heddle_quantize.ingest.runtime_check import check_runtime, find_library
from heddle_quantize.ingest.torch.export_module import sizes_as_numbers
from heddle_quantize.ingest.torch.ingest_module import ingest_module, samples
from heddle_quantize.quantize.calibrate import calibrate
from heddle_quantize.quantize.plan import build_plan, uniform_profile
from heddle_quantize.quantize.tensor_params import Options
from heddle_quantize.trace import storage
from heddle_quantize.trace.check_trace import check_trace
from heddle_quantize.trace.recompute import recompute
from networks import NETWORKS, make, products
from torch import nn

# ONNX Runtime's figures are printed by `pytest -rP`.
needs_runtime = pytest.mark.skipif(
    find_library() is None, reason="onnxruntime-node is not installed (scripts/lib/onnxruntime.sh)"
)


def exported(module: nn.Module, shapes: dict[str, tuple[int, ...]], path: Path, opset: int) -> Path:
    feeds = samples(module, shapes, 1, 0)
    with warnings.catch_warnings(), sizes_as_numbers():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module,
            tuple(feeds.values()),
            str(path),
            opset_version=opset,
            input_names=list(feeds),
            dynamic_axes={name: {0: "batch"} for name in feeds},
        )
    return path


def total(graph: Graph) -> int:
    return sum(layer_work(graph, executor.noise(graph, 1)).values())


@pytest.mark.parametrize("name", NETWORKS)
def test_modules_are_taken_in_with_their_products(name: str) -> None:
    module, shapes = make(name)
    graph = ingest_module(module, "net", shapes)
    assert "the module itself" in graph.check
    assert total(graph) == products(module, samples(module, shapes, 1, 0))


@needs_runtime
@pytest.mark.parametrize("opset", [14, 17])
@pytest.mark.parametrize("name", NETWORKS)
def test_files_equal_onnx_runtime(name: str, opset: int, tmp_path: Path) -> None:
    module, shapes = make(name)
    path = exported(module, shapes, tmp_path / "net.onnx", opset)
    graph = ingest_onnx(path)
    print(name, opset, check_runtime(graph, path))
    assert total(graph) == products(module, samples(module, shapes, 1, 0))


@pytest.mark.parametrize("name", NETWORKS)
def test_traces_verify(name: str, tmp_path: Path) -> None:
    module, shapes = make(name)
    graph = ingest_module(module, "net", shapes)
    arrays = samples(module, shapes, 2, 1)
    feeds = {key: np.asarray(v.numpy(), np.float32) for key, v in zip(graph.inputs, arrays.values())}
    plan = build_plan(graph, calibrate(graph, feeds), uniform_profile(graph, 8, 8), Options())
    trace = export(graph, plan, [{k: v[:1] for k, v in feeds.items()}], ExportOptions())
    storage.write(trace, tmp_path / "t.trace")
    checks = recompute(check_trace(tmp_path / "t.trace"))
    assert sum(c.checked for c in checks) > 100 and not any(c.wrong for c in checks)
