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
from heddle_quantize.ingest.onnx.ingest_onnx import ingest_onnx, load
from heddle_quantize.ingest.onnx.inputs import parse_shapes
from heddle_quantize.ingest.qonnx.ingest_qonnx import ingest_qonnx, is_quantized
from heddle_quantize.ingest.torch.ingest_module import ingest_module
from heddle_quantize.quantize.plan import Plan

NESTED = ("state_dict", "model_state_dict", "model_state", "model", "net", "ema")
"""Where checkpoints keep the state_dict."""
PREFIXES = ("module.", "_orig_mod.")
"""What wrappers of modules (DataParallel, compile) put in front of every name."""


def read_arrays(path: Path, alone: str | None = None) -> dict[str, np.ndarray]:
    """Arrays of an .npz, or the array of an .npy under the name `alone`; pickled objects are refused."""
    kinds = "an .npz of arrays" if alone is None else "an .npz of arrays, or an .npy"
    if not path.is_file():
        raise BadInput(str(path), "no such file", kinds)
    try:
        data = np.load(path, allow_pickle=False)
        if isinstance(data, np.ndarray):
            if alone is None:
                raise BadInput(str(path), "a single array", "an .npz of named arrays")
            return {alone: data}
        with data:
            return {name: data[name] for name in data.files}
    except (ValueError, zipfile.BadZipFile, EOFError, OSError, KeyError) as err:
        raise BadInput(str(path), f"unreadable ({err})", f"{kinds}, without pickled objects") from err


def read_state(path: Path) -> dict[str, torch.Tensor]:
    """A state_dict from .npz or .pt; code inside pickles is never run."""
    if path.suffix == ".npz":
        return {k: torch.from_numpy(v) for k, v in read_arrays(path).items()}
    if not path.is_file():
        raise BadInput(str(path), "no such file", "a state_dict as .npz or .pt")
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as err:  # the unpickler raises many kinds, and advises to load without its safety
        found = str(err).splitlines()[0].split(". ")[0] if "weights_only" not in str(err).splitlines()[0] else "code"
        raise BadInput(
            str(path),
            f"unreadable, or more than tensors and numbers ({found})",
            "a state_dict of tensors, saved with torch.save(model.state_dict(), ...)",
        ) from err
    return tensors_of(state, path)


def tensors_of(state: Any, path: Path) -> dict[str, torch.Tensor]:
    """The tensors of a state_dict, or of the one within a checkpoint that holds counters beside it."""
    for key in NESTED:
        if isinstance(state, dict) and isinstance(state.get(key), dict):
            state = state[key]
            break
    found = {k: v for k, v in state.items() if isinstance(v, torch.Tensor)} if isinstance(state, dict) else {}
    if not found:
        raise BadInput(str(path), "no tensors by name", "a state_dict, or a checkpoint with one")
    for prefix in PREFIXES:
        if all(name.startswith(prefix) for name in found):
            found = {name[len(prefix) :]: value for name, value in found.items()}
    return found


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


def open_model(
    model: str | None, state: Path | None, onnx: Path | None, input_shape: list[str] | None, weightless: bool = False
) -> Graph:
    """The graph of whichever source was named; its provenance is in `graph.source`."""
    if (model is None) == (onnx is None):
        raise BadInput("command line", "both or neither of --model and --onnx", "one of them")
    shapes = parse_shapes(input_shape)
    if onnx is not None:
        graph = ingest_onnx(onnx, shapes, weightless)
        graph.source = {"file": onnx.name, "kind": "onnx", "sha256": _digest(onnx)}
        return graph
    assert model is not None
    module = load_factory(model)
    file = Path(model.rpartition(":")[0])
    source: dict[str, Any] = {"file": file.name, "kind": "torch factory", "sha256": _digest(file)}
    if state is not None:
        _load_state(module, read_state(state), state)
        source["state"] = {"file": state.name, "sha256": _digest(state)}
    if not shapes:
        raise BadInput("command line", "no --input-shape", "it beside --model, e.g. 3,32,32")
    graph = ingest_module(module, file.stem, shapes)
    graph.source = source
    return graph


def states_quantization(path: Path) -> bool:
    """Whether the file holds quantizers, of QONNX or ONNX's own."""
    return is_quantized(load(path))


def open_quantized(path: Path) -> tuple[Graph, Plan]:
    """A QONNX graph and the quantization that its nodes state."""
    graph, plan = ingest_qonnx(path)
    graph.source = {"file": path.name, "kind": "qonnx", "sha256": _digest(path)}
    return graph, plan


def samples_of(path: Path, graph: Graph, key: str = "x", limit: int | None = None) -> dict[str, np.ndarray]:
    """Samples by input name; with one input the array may be called `x`."""
    arrays = read_arrays(path, key)
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
    return class_numbers(arrays["y"][:count])


def class_numbers(labels: np.ndarray) -> np.ndarray:
    """Labels (N,) or (N, 1) as they are, one-hot rows as the number of the class."""
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim < 2 or not _is_one_hot(labels):
        return labels
    return labels.argmax(1)


def _is_one_hot(labels: np.ndarray) -> bool:
    """Whether each row is 1 at one place and 0 elsewhere."""
    return labels.ndim == 2 and bool(((labels == 0) | (labels == 1)).all() and (labels.sum(1) == 1).all())
