# SPDX-License-Identifier: Apache-2.0
"""Opens the user's models and data: Python factories with state, ONNX files, npz samples."""
from __future__ import annotations

import hashlib
import importlib.util
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from heddle_quantize.base.errors import BadInput, unknown_name
from heddle_quantize.graph.graph import Graph
from heddle_quantize.ingest.onnx.ingest_onnx import ingest_onnx
from heddle_quantize.ingest.qonnx.ingest_qonnx import ingest_qonnx
from heddle_quantize.ingest.torch.ingest_module import ingest_module
from heddle_quantize.quantize.plan import Plan


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Arrays of an .npz; pickled objects are refused."""
    if not path.is_file():
        raise BadInput(str(path), "no such file", "an .npz of arrays")
    try:
        with np.load(path, allow_pickle=False) as data:
            if isinstance(data, np.ndarray):
                raise BadInput(str(path), "a single array", "an .npz of named arrays")
            return {name: data[name] for name in data.files}
    except (ValueError, zipfile.BadZipFile, EOFError, OSError, KeyError) as err:
        raise BadInput(str(path), f"unreadable ({err})", "an .npz without pickled objects") from err


def read_state(path: Path) -> dict[str, torch.Tensor]:
    """A state_dict from .npz or .pt; code inside pickles is never run."""
    if path.suffix == ".npz":
        return {k: torch.from_numpy(v) for k, v in read_arrays(path).items()}
    if not path.is_file():
        raise BadInput(str(path), "no such file", "a state_dict as .npz or .pt")
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as err:  # the unpickler raises many kinds
        raise BadInput(
            str(path), f"unreadable ({str(err).splitlines()[0]})", "a state_dict of tensors (saved with torch.save)"
        ) from err
    if isinstance(state, dict) and isinstance(state.get("state_dict"), dict):
        state = state["state_dict"]
    if not isinstance(state, dict) or not all(isinstance(v, torch.Tensor) for v in state.values()):
        raise BadInput(str(path), "something else", "a dictionary of tensors")
    return state


def load_factory(spec: str) -> nn.Module:
    """`file.py:function`, called without arguments."""
    file, _, function = spec.rpartition(":")
    path = Path(file)
    if not file or not path.is_file():
        raise BadInput(f"--model {spec}", f"no file '{file}'", "file.py:function")
    module_spec = importlib.util.spec_from_file_location(path.stem, path)
    assert module_spec is not None and module_spec.loader is not None
    module = importlib.util.module_from_spec(module_spec)
    try:
        module_spec.loader.exec_module(module)
    except Exception as err:
        raise BadInput(str(path), f"{type(err).__name__}: {err}", "a module that imports") from err
    if not hasattr(module, function):
        names = [n for n in vars(module) if callable(getattr(module, n)) and not n.startswith("_")]
        raise unknown_name(str(path), "function", function, names)
    made = getattr(module, function)()
    if not isinstance(made, nn.Module):
        raise BadInput(f"--model {spec}", f"a {type(made).__name__}", "a torch.nn.Module")
    return made


def _load_state(module: nn.Module, state: dict[str, torch.Tensor], path: Path) -> None:
    own = module.state_dict()
    optional = {k for k in own if k.endswith("num_batches_tracked")}
    for name in sorted(set(own) - set(state) - optional):
        raise BadInput(str(path), f"no tensor '{name}'", "every parameter of the model")
    for name in sorted(set(state) - set(own)):
        raise unknown_name(str(path), "tensor", name, own)
    for name, value in state.items():
        if tuple(value.shape) != tuple(own[name].shape):
            raise BadInput(f"{path}: '{name}'", f"shape {tuple(value.shape)}", f"{tuple(own[name].shape)}")
        if value.dtype.is_floating_point and not bool(torch.isfinite(value).all()):
            raise BadInput(f"{path}: '{name}'", "NaN or infinite values", "finite numbers")
    module.load_state_dict(state, strict=False)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def open_model(model: str | None, state: Path | None, onnx: Path | None, input_shape: str | None) -> Graph:
    """The graph of whichever source was named; its provenance is in `graph.source`."""
    if (model is None) == (onnx is None):
        raise BadInput("command line", "both or neither of --model and --onnx", "one of them")
    if onnx is not None:
        graph = ingest_onnx(onnx)
        graph.source = {"file": onnx.name, "kind": "onnx", "sha256": _digest(onnx)}
        return graph
    assert model is not None
    module = load_factory(model)
    file = Path(model.rpartition(":")[0])
    source: dict[str, Any] = {"file": file.name, "kind": "torch factory", "sha256": _digest(file)}
    if state is not None:
        _load_state(module, read_state(state), state)
        source["state"] = {"file": state.name, "sha256": _digest(state)}
    if input_shape is None:
        raise BadInput("command line", "no --input-shape", "it beside --model, e.g. 3,32,32")
    graph = ingest_module(module, file.stem, parse_shape(input_shape))
    graph.source = source
    return graph


def open_quantized(path: Path) -> tuple[Graph, Plan]:
    """A QONNX graph and the quantization that its nodes state."""
    graph, plan = ingest_qonnx(path)
    graph.source = {"file": path.name, "kind": "qonnx", "sha256": _digest(path)}
    return graph, plan


def parse_shape(text: str) -> tuple[int, ...]:
    try:
        shape = tuple(int(n) for n in text.split(","))
    except ValueError:
        shape = ()
    if not shape or any(n < 1 for n in shape):
        raise BadInput(f"--input-shape {text}", "no shape", "positive integers, e.g. 3,32,32")
    return shape


def samples_of(path: Path, graph: Graph, key: str = "x", limit: int | None = None) -> dict[str, np.ndarray]:
    """Samples by input name; with one input the array may be called `x`."""
    arrays = read_arrays(path)
    feeds = {}
    for name, shape in graph.inputs.items():
        found = name if name in arrays else key
        if found not in arrays or (found == key and len(graph.inputs) > 1 and name not in arrays):
            raise BadInput(
                str(path),
                f"arrays {', '.join(sorted(arrays))}",
                f"one called '{name}'" + (f" or '{key}'" if len(graph.inputs) == 1 else ""),
            )
        value = arrays[found][:limit]
        if value.shape[1:] != tuple(shape) or not len(value):
            raise BadInput(f"{path}: '{found}'", f"shape {value.shape}", f"(N, {shape})")
        value = value.astype(np.float32)
        if not np.isfinite(value).all():
            raise BadInput(f"{path}: '{found}'", "NaN or infinite values", "finite numbers")
        feeds[name] = value
    return feeds


def labels_of(path: Path, count: int) -> np.ndarray:
    arrays = read_arrays(path)
    if "y" not in arrays:
        raise BadInput(str(path), f"arrays {', '.join(sorted(arrays))}", "labels called 'y'")
    if len(arrays["y"]) < count:
        raise BadInput(f"{path}: 'y'", f"{len(arrays['y'])} labels", f"{count}, one per sample")
    return arrays["y"][:count]
