# SPDX-License-Identifier: Apache-2.0
"""Compares a graph with what ONNX Runtime computes from the same file.

ONNX Runtime is used where the user has it: the npm package onnxruntime-node, in a folder `node_modules` of the current
folder or of one above it, or in the folder that HEDDLE_ONNXRUNTIME names.
"""
from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from heddle_quantize.base.errors import BadInput, CheckFailed
from heddle_quantize.graph import executor, operations
from heddle_quantize.graph.difference import difference
from heddle_quantize.graph.graph import Graph
from heddle_quantize.ingest.onnx.ingest_onnx import load
from heddle_quantize.ingest.onnx.tensors import TYPES
from heddle_quantize.quantize.integer_arrays import IntegerArrays
from heddle_quantize.quantize.plan import Plan

LIBRARY = "onnxruntime-node"
SCRIPT = Path(__file__).with_name("onnxruntime_outputs.js")
TOLERANCE = 1e-3
"""Largest difference from ONNX Runtime's outputs, relative to the largest value of each."""
OFF_SHARE = 0.01
"""Share of a quantized network's outputs that may round to the next code."""
SECONDS = 600
NAMES = {np.dtype(name): name for name in ("float32", "float64", "float16", "int64", "int32", "int16", "int8")}
NAMES |= {np.dtype(name): name for name in ("uint64", "uint32", "uint16", "uint8", "bool")}
BY_NAME = {name: dtype for dtype, name in NAMES.items()}


def find_library() -> Path | None:
    """The folder of onnxruntime-node, if node and it are there."""
    if shutil.which("node") is None:
        return None
    named = os.environ.get("HEDDLE_ONNXRUNTIME")
    here = Path.cwd().resolve()
    folders = [Path(named)] if named else [here, *here.parents]
    for folder in folders:
        library = folder.resolve() / "node_modules" / LIBRARY
        if library.is_dir():
            return library
    return None


def runtime_outputs(path: Path, feeds: dict[str, np.ndarray]) -> tuple[dict[str, np.ndarray], str]:
    """All outputs of the file for feeds of whole tensors, and the version of ONNX Runtime."""
    library = find_library()
    if library is None:
        raise BadInput(
            "--check onnxruntime",
            f"no {LIBRARY}, or no node",
            f"node, and `npm install --ignore-scripts {LIBRARY}` in this folder or in the one HEDDLE_ONNXRUNTIME names",
        )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        inputs = []
        for i, (key, value) in enumerate(feeds.items()):
            (folder / f"input{i}.bin").write_bytes(np.ascontiguousarray(value).tobytes())
            inputs.append({"name": key, "type": NAMES[value.dtype], "shape": value.shape, "file": f"input{i}.bin"})
        request = {"model": str(path.resolve()), "library": str(library), "inputs": inputs}
        (folder / "request.json").write_text(json.dumps(request))
        done = subprocess.run(["node", str(SCRIPT), name], capture_output=True, text=True, timeout=SECONDS, check=False)
        if done.returncode:
            plain = " ".join(re.sub(r"\x1b\[[0-9;]*m", "", done.stderr).split())
            raise BadInput(str(path), f"ONNX Runtime's error {plain[:300]}", "a file that it runs")
        response = json.loads((folder / "response.json").read_text())
        made = {}
        for entry in response["outputs"]:
            if entry["type"] not in BY_NAME:
                raise BadInput(str(path), f"output '{entry['name']}' of type {entry['type']}", "numbers")
            values = np.frombuffer((folder / entry["file"]).read_bytes(), BY_NAME[entry["type"]])
            made[entry["name"]] = values.reshape(entry["shape"])
        return made, response["version"]


def check_runtime(
    graph: Graph, path: Path, feeds: dict[str, np.ndarray] | None = None, plan: Plan | None = None
) -> str:
    """Compares all outputs on up to two samples of `feeds`, or on noise; says how far they are apart.

    With the plan of a quantized file the integers are compared: sums that lie between two codes may round either way.
    """
    model = load(path)
    constants = {tensor.name for tensor in model.graph.initializer}
    stated = [v for v in model.graph.input if v.name not in constants]
    fixed = _fixed_batch(stated[0]) if stated and not graph.whole else 1
    count = 1 if graph.whole or graph.single else fixed or 2
    feeds = executor.noise(graph, count, 2) if feeds is None or _count(feeds) < count else feeds
    part = {key: value[:count] for key, value in feeds.items()}
    whole = {v.name: _typed(v, part[v.name], graph.whole) for v in stated}
    expected, version = runtime_outputs(path, whole)
    arrays: executor.ArrayFn = operations.apply
    if plan is not None:
        arrays = IntegerArrays(plan)
    got = dict(zip(_output_names(model, graph), executor.outputs(graph, part, arrays)))
    worst = share = 0.0
    for position, (name, value) in enumerate(got.items()):
        whole_output = graph.whole or graph.outputs[position] in graph.bare_outputs
        apart = difference(value[0] if whole_output else value, expected[name])
        worst = max(worst, apart)
        if plan is not None and np.isfinite(apart):
            right = expected[name].astype(np.float64)
            off = np.abs(value.reshape(right.shape) - right) > TOLERANCE * np.abs(right).max()
            share = max(share, float(off.mean()))
            apart = 0.0 if off.mean() <= OFF_SHARE else apart
        if not apart <= TOLERANCE:
            raise CheckFailed(
                f"{path}: output '{name}' of shape {expected[name].shape} differs from ONNX Runtime's {version} by "
                f"{apart:.2g} of its largest value; at most {TOLERANCE:g} is expected"
            )
    text = f"ONNX Runtime {version}, {count} samples, {len(got)} outputs: within {worst:.1e} of the largest value"
    return text if plan is None else f"{text}; {100 * (1 - share):.2f} % of the integers equal"


def _count(feeds: dict[str, np.ndarray]) -> int:
    return len(next(iter(feeds.values())))


def _fixed_batch(value: Any) -> int:
    """The leading axis that the file states, 0 where it is free."""
    dims = value.type.tensor_type.shape.dim
    return int(dims[0].dim_value) if len(dims) else 0


def _typed(value: Any, feed: np.ndarray, whole: bool) -> np.ndarray:
    typed: np.ndarray = feed.astype(TYPES[value.type.tensor_type.elem_type])
    return typed[0] if whole else typed


def _output_names(model: Any, graph: Graph) -> list[str]:
    """The file's outputs, in the order of the graph's; those that depend on no input are left out."""
    return [value.name for value in model.graph.output if value.name not in graph.const_outputs]
