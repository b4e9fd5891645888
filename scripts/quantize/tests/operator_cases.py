# SPDX-License-Identifier: Apache-2.0
"""ONNX's own operator tests (Debian's libonnx-testdata) held against the float graph."""
from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from heddle_quantize.base.errors import BadInput
from heddle_quantize.graph import executor
from heddle_quantize.ingest.onnx.importer import Importer
from heddle_quantize.ingest.onnx.ingest_onnx import TABLE, ingest_model
from onnx import numpy_helper

ROOT = Path(os.environ.get("HEDDLE_ONNX_TESTS", "/usr/share/libonnx-testdata/data"))
KINDS = ("node", "simple", "pytorch-operator", "pytorch-converted")
BFLOAT16, FLOAT16 = onnx.TensorProto.BFLOAT16, onnx.TensorProto.FLOAT16


@dataclass
class Outcome:
    """`equal`, `refused` or `different`, and why."""

    name: str
    verdict: str
    why: str = ""


def cases() -> Iterator[Path]:
    for kind in KINDS:
        yield from sorted(path.parent for path in (ROOT / kind).glob("*/model.onnx"))


def _values(folder: Path, stem: str, stated: list[Any]) -> list[np.ndarray | None]:
    """Tensors of a data set, in order; None for sequences and text."""
    values: list[np.ndarray | None] = []
    for i, value in enumerate(stated):
        if value.type.WhichOneof("value") != "tensor_type":
            values.append(None)
            continue
        tensor = onnx.TensorProto()
        tensor.ParseFromString((folder / f"{stem}_{i}.pb").read_bytes())
        array = numpy_helper.to_array(tensor)
        if value.type.tensor_type.elem_type == BFLOAT16 and array.dtype == np.uint16:
            array = (array.astype(np.uint32) << 16).view(np.float32)
        values.append(None if array.dtype.kind in "OUS" else array)
    return values


def _modes(model: Any, given: list[Any], values: list[np.ndarray | None]) -> Iterator[Any]:
    """The model with all inputs computed, with the first alone, and with none: what constants decide is folded."""
    for first in sorted({len(given), min(1, len(given)), 0}, reverse=True):
        changed = onnx.ModelProto()
        changed.CopyFrom(model)
        for value, array in list(zip(given, values))[first:]:
            if array is not None:
                changed.graph.initializer.append(numpy_helper.from_array(np.array(array), value.name))
        yield changed


def _compare(model: Any, folder: Path, given: list[Any], sets: list[Path]) -> str:
    """An empty text where all outputs are equal, otherwise what differs; BadInput where the model is refused."""
    importer = Importer(model, folder / "model.onnx", TABLE, whole=True)
    graph = importer.run()
    for number, data in enumerate(sets):
        arrays = dict(zip([v.name for v in given], _values(data, "input", given)))
        if number and any(v.name not in graph.inputs for v in given):
            continue  # constants are those of the first set
        feeds = {name: np.array(arrays[name])[None] for name in graph.inputs}
        got = executor.run(graph, feeds) if graph.outputs else {}
        for value, expected in zip(model.graph.output, _values(data, "output", list(model.graph.output))):
            if expected is None:
                return "no tensor"
            name = value.name
            found = got[importer.names[name]].numpy() if name in importer.names else importer.consts[name]
            if not _equal(found, expected, value):
                return f"{name}: {found.shape} {found.ravel()[:5]}, not {expected.shape} {expected.ravel()[:5]}"
    return ""


def _equal(found: np.ndarray, expected: np.ndarray, stated: Any) -> bool:
    short = stated.type.tensor_type.elem_type in (FLOAT16, BFLOAT16)
    if found.shape != expected.shape:
        return False
    pair = found.astype(np.float64), expected.astype(np.float64)
    return np.allclose(*pair, rtol=1e-2 if short else 1e-3, atol=1e-3 if short else 1e-5, equal_nan=True)


def _compare_as_network(model: Any, folder: Path, given: list[Any], values: list[np.ndarray | None]) -> str:
    """The same of the model as a user's file, whose leading axis is a batch of samples."""
    graph = ingest_model(model, folder / "model.onnx")
    arrays = {v.name: np.array(a) for v, a in zip(given, values) if v.name in graph.inputs}
    got = executor.outputs(graph, {k: a[None] if graph.whole else a for k, a in arrays.items()})
    data = sorted(folder.glob("test_data_set_*"))[0]
    stated = list(model.graph.output)
    expected = {v.name: (v, e) for v, e in zip(stated, _values(data, "output", stated))}
    names = [v.name for v in stated if v.name not in graph.const_outputs]
    for position, (name, found) in enumerate(zip(names, got)):
        value, right = expected[name]
        bare = graph.whole or graph.outputs[position] in graph.bare_outputs
        if right is None or not _equal(found[0] if bare else found, right, value):
            return f"{name} as a network: {found.shape} {found.ravel()[:5]}"
    return ""


def network_outcome(folder: Path) -> Outcome:
    """As `outcome`, of the model as a user's file."""
    return _outcome(folder, lambda m, given, values, _: _compare_as_network(m, folder, given, values))


def outcome(folder: Path) -> Outcome:
    """Equal if the model is taken in in some mode, and every mode that is taken in gives the expected outputs."""
    return _outcome(folder, lambda m, given, _, sets: _compare(m, folder, given, sets))


def _outcome(folder: Path, compare: Callable[..., str]) -> Outcome:
    name = f"{folder.parent.name}/{folder.name}"
    model = onnx.load(str(folder / "model.onnx"))
    constants = {tensor.name for tensor in model.graph.initializer}
    given = [v for v in model.graph.input if v.name not in constants]
    sets = sorted(folder.glob("test_data_set_*"))
    values = _values(sets[0], "input", given)
    refusal, taken = "", False
    for changed in _modes(model, given, values):
        try:
            different = compare(changed, given, values, sets)
        except BadInput as err:
            refusal = refusal or str(err)
            continue
        taken = True
        if different:
            return Outcome(name, "different", different)
    return Outcome(name, "equal") if taken else Outcome(name, "refused", refusal)
