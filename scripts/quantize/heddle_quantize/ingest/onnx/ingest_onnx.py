# SPDX-License-Identifier: Apache-2.0
"""ONNX float models into the graph."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from heddle_quantize.base.errors import BadInput
from heddle_quantize.graph.executor import output
from heddle_quantize.graph.fold import fold_batchnorm, fold_bias
from heddle_quantize.graph.graph import Graph, check_graph, prune
from heddle_quantize.ingest.onnx import arrays, constants, elementwise, moving, reductions
from heddle_quantize.ingest.onnx.importer import Handler, Importer

HANDLERS: dict[str, Handler] = {
    **constants.HANDLERS,
    **elementwise.HANDLERS,
    **arrays.HANDLERS,
    **reductions.HANDLERS,
    **moving.HANDLERS,
}


def check_batch(graph: Graph, path: Path) -> None:
    """Checks that two samples give together what each gives alone: no operation mixes the batch."""
    rng = np.random.default_rng(1)
    tokens = any(n.op == "embedding" for n in graph.nodes)
    feeds = {
        k: (np.zeros((2,) + s) if tokens else rng.standard_normal((2,) + s)).astype(np.float32)
        for k, s in graph.inputs.items()
    }
    if graph.single:
        return
    try:
        both = output(graph, feeds)
        alone = output(graph, feeds, batch=1)
    except BadInput as err:
        raise BadInput(str(path), f"a graph that takes one sample only ({err})", "a free batch axis") from err
    if both.shape != alone.shape or not np.allclose(both, alone, rtol=1e-4, atol=1e-5):
        raise BadInput(str(path), "samples of a batch that influence each other", "a free batch axis")


def load(path: Path) -> Any:
    """The file's protobuf, complete and with nodes."""
    import onnx

    if not path.is_file():
        raise BadInput(str(path), "no such file", "an ONNX model")
    try:
        model = onnx.load(str(path), load_external_data=False)
    except Exception as err:  # protobuf's errors have no common base
        raise BadInput(
            str(path), f"no ONNX model ({str(err).splitlines()[0][:100]})", "a complete protobuf file"
        ) from err
    if not len(model.graph.node):
        raise BadInput(str(path), "a graph without nodes", "an ONNX model")
    return model


def ingest_onnx(path: Path) -> Graph:
    """Reads, checks and folds a float ONNX model."""
    model = load(path)
    graph = prune(fold_bias(fold_batchnorm(Importer(model, path, HANDLERS).run())))
    check_graph(graph)
    check_batch(graph, path)
    return graph
