# SPDX-License-Identifier: Apache-2.0
"""A network of the workloads folder with its data, as its loader returns it."""
from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from heddle_quantize.graph.graph import Graph
from heddle_quantize.quantize.plan import Plan
from heddle_quantize.quantize.tensor_params import Options
from heddle_quantize.search.task import Labelled


@dataclass
class Golden:
    """How many reference values agree; `tolerance` 0 demands equal values."""

    name: str
    compared: int
    wrong: int
    worst: float
    tolerance: float


@dataclass
class Workload:
    """A network with its data. `plan` is set when it comes quantized, `calib` when it is float."""

    graph: Graph
    metric: str
    samples: list[dict[str, np.ndarray]]
    provenance: dict[str, Any]
    golden: Callable[[], list[Golden]]
    plan: Plan | None = None
    calib: dict[str, np.ndarray] | None = None
    search: Labelled | None = None
    held_out: Labelled | None = None
    split: str = "held-out"
    options: Options = field(default_factory=Options)
    batch: int = 50
    notes: str = ""


def compare(name: str, got: np.ndarray, expected: np.ndarray, tolerance: float = 0.0) -> Golden:
    if got.shape != expected.shape:
        return Golden(name, int(expected.size), int(expected.size), float("inf"), tolerance)
    error = np.abs(got.astype(np.float64) - expected.astype(np.float64))
    return Golden(
        name, int(expected.size), int((error > tolerance).sum()), float(error.max()) if error.size else 0.0, tolerance
    )


def load_npz(path: Path) -> dict[str, np.ndarray]:
    """All arrays; pickled objects are refused."""
    with np.load(path, allow_pickle=False) as data:
        return {name: data[name] for name in data.files}


def load_json(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(path.read_text())
    return loaded


def source(path: Path, kind: str) -> dict[str, str]:
    """Provenance of the model file, without the machine's path."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return {"file": path.name, "kind": kind, "sha256": digest}
