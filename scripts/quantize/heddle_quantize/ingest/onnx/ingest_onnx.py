# SPDX-License-Identifier: Apache-2.0
"""ONNX float models into the graph."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from heddle_quantize.base.errors import BadInput
from heddle_quantize.graph import executor
from heddle_quantize.graph.fold import fold_batchnorm, fold_bias
from heddle_quantize.graph.graph import Graph, check_graph, prune
from heddle_quantize.ingest.onnx import (
    arrays,
    constants,
    elementwise,
    indexing,
    losses,
    moving,
    normalising,
    recurrent,
    reductions,
    resizing,
)
from heddle_quantize.ingest.onnx.importer import Importer
from heddle_quantize.ingest.onnx.operator import Operator

MODULES = (
    constants,
    elementwise,
    arrays,
    recurrent,
    reductions,
    normalising,
    moving,
    indexing,
    resizing,
    losses,
)
TABLE: dict[str, Operator] = {name: row for module in MODULES for name, row in module.TABLE.items()}
"""Every ONNX operator that is read, and what of it."""


def check_batch(graph: Graph, path: Path, fixed: int = 0) -> None:
    """Checks that two samples give together what each gives alone; else the graph takes one sample at a time.

    `fixed` is the batch that the file states, 0 if it is free.
    """
    if graph.single:
        _check_single(graph, path, fixed)
        return
    feeds = executor.noise(graph, 2, 1)
    try:
        both = executor.outputs(graph, feeds)
    except BadInput as err:
        graph.single = True
        _check_single(graph, path, fixed, str(err))
        return
    alone = executor.outputs(graph, feeds, batch=1)
    if any(b.shape != a.shape for b, a in zip(both, alone)):
        graph.single = True
        _check_single(graph, path, fixed)
    elif not all(np.allclose(b, a, rtol=1e-4, atol=1e-5, equal_nan=True) for b, a in zip(both, alone)):
        raise BadInput(str(path), "samples of a batch that influence each other", "a free batch axis")


def _check_single(graph: Graph, path: Path, fixed: int, why: str = "") -> None:
    if graph.whole:
        return
    if fixed > 1:
        raise BadInput(
            str(path),
            f"a batch fixed to {fixed} that operations mix with other axes{f' ({why})' if why else ''}",
            "a free batch: export the model with a dynamic leading axis (dynamic_axes), or with a batch of 1",
        )
    one = executor.run(graph, executor.noise(graph, 1, 1))
    for name in graph.outputs:
        if tuple(one[name].shape[:1]) == (1,):
            continue
        graph.bare_outputs.add(name)
        if fixed == 0:
            raise BadInput(
                str(path), f"output '{name}' of shape {tuple(one[name].shape)} for one sample", "a free batch axis"
            )


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


def ingest_onnx(path: Path, shapes: dict[str, tuple[int, ...]] | None = None, weightless: bool = False) -> Graph:
    """Reads, checks and folds a float ONNX model. `weightless` lets values that the file lacks be noise."""
    return ingest_model(load(path), path, shapes, weightless)


def ingest_model(
    model: Any, path: Path, shapes: dict[str, tuple[int, ...]] | None = None, weightless: bool = False
) -> Graph:
    """The same of a model in memory; `path` is what messages call it."""
    importer = Importer(model, path, TABLE, shapes, weightless)
    graph = prune(fold_bias(fold_batchnorm(importer.run())))
    check_graph(graph)
    check_batch(graph, path, 0 if importer.free_batch else importer.batch)
    if importer.batch > 1:
        graph.notes.append(f"the file fixes a batch of {importer.batch}; a sample is one of it")
    if importer.tensors.missing:
        graph.notes.append(f"{len(importer.tensors.missing)} tensors without values: noise stands for them")
        graph.weightless = True
    if graph.const_outputs:
        graph.notes.append(f"outputs that depend on no input are left out: {', '.join(graph.const_outputs)}")
    return graph
