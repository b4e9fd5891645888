# SPDX-License-Identifier: Apache-2.0
"""A torch module into the graph, checked against the module itself."""
from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import torch
import torch.fx
from torch import nn

from heddle_quantize.base.errors import BadInput, unknown_name
from heddle_quantize.graph import executor
from heddle_quantize.graph.difference import difference
from heddle_quantize.graph.graph import Graph
from heddle_quantize.ingest.torch.export_module import ingest_exported
from heddle_quantize.ingest.torch.functions import FUNCTIONS, METHODS
from heddle_quantize.ingest.torch.graph_walk import GraphWalk, Handlers
from heddle_quantize.ingest.torch.modules import MODULES

HANDLERS = Handlers(MODULES, FUNCTIONS, METHODS)
TOLERANCE = 1e-3
"""Largest difference from the module's outputs, relative to the largest of them."""
Shapes = dict[str, tuple[int, ...]]


def ingest_module(module: nn.Module, name: str, shapes: tuple[int, ...] | Shapes) -> Graph:
    """`shapes` leave out the batch: one shape, or shapes by the names of forward's parameters.

    The module is walked with torch.fx; what that does not take in, or takes in with other outputs than the module's,
    goes through torch's ONNX export.
    """
    module.eval()
    named = _named(module, name, shapes)
    failures = []
    for read in (_walked, _exported):
        try:
            graph = read(module, name, named)
            graph.check = check_outputs(graph, module, name, named)
            return graph
        except BadInput as err:
            failures.append(err)
    first, second = failures
    raise BadInput(second.where, f"{second.found}; and by torch.fx: {first.where}: {first.found}", second.expected)


def _walked(module: nn.Module, name: str, shapes: Shapes) -> Graph:
    if len(shapes) != 1:
        raise BadInput(f"model '{name}'", f"{len(shapes)} inputs", "one")
    return GraphWalk(module, name, next(iter(shapes.values())), HANDLERS).run()


def _exported(module: nn.Module, name: str, shapes: Shapes) -> Graph:
    return ingest_exported(module, name, samples(module, shapes, 1, 0))


def _named(module: nn.Module, name: str, shapes: tuple[int, ...] | Shapes) -> Shapes:
    """Shapes by the names of forward's parameters."""
    parameters = [
        p.name for p in inspect.signature(module.forward).parameters.values() if p.kind == p.POSITIONAL_OR_KEYWORD
    ] or ["x"]
    if not isinstance(shapes, dict):
        shapes = {"": shapes}
    if list(shapes) == [""]:
        return {parameters[0]: shapes[""]}
    for key in shapes:
        if key not in parameters:
            raise unknown_name(f"model '{name}'", "input", key, parameters)
    return {key: shapes[key] for key in parameters if key in shapes}


def samples(module: nn.Module, shapes: Shapes, count: int, seed: int) -> dict[str, torch.Tensor]:
    """Noise of growing size, or token ids if the module looks its inputs up in a table."""
    tables = [m for m in module.modules() if isinstance(m, nn.Embedding)]
    rng = np.random.default_rng(seed)
    feeds = {}
    for key, shape in shapes.items():
        if tables:
            most = min(t.num_embeddings for t in tables) if seed else 1
            feeds[key] = torch.from_numpy(rng.integers(0, most, (count, *shape)))
        else:
            noise = rng.standard_normal((count, *shape)).astype(np.float32)
            feeds[key] = torch.from_numpy((noise * (1, -2, 4)[seed % 3]).astype(np.float32))
    return feeds


def _flat(value: Any) -> list[np.ndarray]:
    """The tensors of an output, in order."""
    if isinstance(value, torch.Tensor):
        return [value.detach().numpy()]
    if isinstance(value, dict):
        value = list(value.values())
    return [array for part in value for array in _flat(part)] if isinstance(value, (list, tuple)) else []


def _expected(module: nn.Module, feeds: dict[str, torch.Tensor], single: bool) -> list[np.ndarray]:
    """The module's outputs of the batch, or of one sample after the other where it takes no more."""
    with torch.no_grad():
        try:
            return _flat(module(*feeds.values()))
        except Exception:  # whatever the module raises for a batch of two
            if not single:
                raise
            alone = [_flat(module(*(v[i : i + 1] for v in feeds.values()))) for i in range(2)]
            return [np.concatenate(parts) for parts in zip(*alone)]


def check_outputs(graph: Graph, module: nn.Module, name: str, shapes: Shapes) -> str:
    """Compares all outputs with the module's on several batches of two; says how far they are apart."""
    worst = 0.0
    for seed in range(3):
        feeds = samples(module, shapes, 2, seed)
        try:
            expected = _expected(module, feeds, graph.single)
        except Exception as err:  # the module's own
            raise BadInput(f"model '{name}'", f"{type(err).__name__}: {err}", "a module that runs") from err
        arrays = {key: v.numpy() for key, v in zip(graph.inputs, feeds.values())}
        got = executor.outputs(graph, arrays, dtype=torch.float32)
        if [e.shape for e in expected] != [g.shape for g in got]:
            raise BadInput(
                f"model '{name}'",
                f"outputs of shapes {[g.shape for g in got]} where the module's have {[e.shape for e in expected]}",
                "the module's outputs",
            )
        for e, g in zip(expected, got):
            worst = max(worst, difference(g, e))
    if not worst <= TOLERANCE:
        raise BadInput(
            f"model '{name}'",
            f"outputs of the graph that differ from the module's by {worst:.2g} of the largest",
            f"agreement within {TOLERANCE:g}",
        )
    return f"the module itself, on 6 samples: outputs within {worst:.1e} of the largest"
