# SPDX-License-Identifier: Apache-2.0
"""A torch module through torch's own ONNX export into the reader of ONNX models."""
from __future__ import annotations

import contextlib
import io
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from heddle_quantize.base.errors import BadInput
from heddle_quantize.graph.graph import Graph
from heddle_quantize.ingest.onnx.ingest_onnx import ingest_model

OPSET = 17
POOLS = ("avg_pool1d", "avg_pool2d", "avg_pool3d", "max_pool1d", "max_pool2d", "max_pool3d")
LAYERS = ("Conv", "ConvTranspose", "Gemm", "MatMul", "LSTM", "GRU", "RNN")


def ingest_exported(module: nn.Module, name: str, feeds: dict[str, torch.Tensor]) -> Graph:
    """`feeds` holds one sample by the names of forward's parameters; the batch stays free."""
    import onnx

    buffer = io.BytesIO()
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(
            io.StringIO()
        ), torch.enable_grad(), sizes_as_numbers():
            warnings.simplefilter("ignore")
            # with gradients, attention is traced as the products that it consists of and not as one fast function
            torch.onnx.export(
                module,
                tuple(feeds.values()),
                buffer,
                opset_version=OPSET,
                input_names=list(feeds),
                dynamic_axes={key: {0: "batch"} for key in feeds},
            )
    except Exception as err:  # the tracer raises whatever the module does
        raise BadInput(
            f"model '{name}'", f"{type(err).__name__}: {_first_line(err)}", "a module that torch.onnx.export takes"
        ) from err
    model = onnx.load_from_string(buffer.getvalue())
    if not len(model.graph.node):
        raise BadInput(f"model '{name}'", "a module that computes nothing", "operations on its input")
    _name_layers(model)
    return ingest_model(model, Path(name))


@contextlib.contextmanager
def sizes_as_numbers() -> Iterator[None]:
    """While torch traces, sizes are tensors, and its pooling refuses them as a kernel: F.avg_pool2d(x, x.size(3))."""
    kept = {name: getattr(F, name) for name in POOLS}

    def plain(value: Any) -> Any:
        if isinstance(value, (tuple, list)):
            return type(value)(plain(v) for v in value)
        return int(value) if isinstance(value, torch.Tensor) else value

    def wrapped(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(x: Any, *args: Any, **kwargs: Any) -> Any:
            return function(x, *map(plain, args), **{k: plain(v) for k, v in kwargs.items()})

        return call

    try:
        for name, function in kept.items():
            setattr(F, name, wrapped(function))
        yield
    finally:
        for name, function in kept.items():
            setattr(F, name, function)


def _first_line(err: Exception) -> str:
    lines = [line for line in str(err).splitlines() if line.strip()]
    return lines[0][:200] if lines else "no message"


def _module_of(name: str) -> str:
    """`/layer1/layer1.0/conv1/Conv` is a node of the module layer1.0.conv1."""
    path = ""
    for part in name.strip("/").split("/")[:-1]:
        path = part if not path or part.startswith(path + ".") else f"{path}.{part}"
    return path


def _name_layers(model: Any) -> None:
    """Layers get the names of the modules that hold them, where one module holds one layer."""
    nodes = [n for n in model.graph.node if n.op_type in LAYERS]
    count = Counter(_module_of(n.name) for n in nodes)
    taken = {n.name for n in model.graph.node} | {v.name for v in model.graph.input}
    for node in nodes:
        path = _module_of(node.name)
        if path and count[path] == 1 and path not in taken:
            node.name = path
