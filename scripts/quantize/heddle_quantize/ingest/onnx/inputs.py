# SPDX-License-Identifier: Apache-2.0
"""The inputs of an ONNX model: which axis is the batch, and what shape and type each has."""
from __future__ import annotations

from typing import Any

import numpy as np

from heddle_quantize.base.errors import BadInput, unknown_name
from heddle_quantize.ingest.onnx.tensors import TYPES


def read_inputs(s: Any) -> None:
    """Adds the model's inputs to the importer `s`.

    The leading axis is the batch if the file leaves it free in every input, or fixes it to one number in all.
    Otherwise (inputs without axes, or states whose leading axis counts something else) the graph takes whole tensors.
    """
    values = [v for v in s.model.graph.input if v.name not in s.consts]
    if not values and not s.graph.whole:
        raise BadInput(str(s.path), "no input", "a graph with at least one")
    for name in s.shapes:
        if name and name not in [v.name for v in values]:
            raise unknown_name("--input-shape", "input", name, [v.name for v in values])
    if "" in s.shapes and len(values) != 1:
        raise BadInput("--input-shape", f"one shape for {len(values)} inputs", "NAME:C,H,W for each that has free axes")
    dims = {v.name: _dims(s, v) for v in values}
    leading = {d[0] if d else None for d in dims.values()}
    sizes = {n for n in leading if isinstance(n, int)}
    if not s.graph.whole and (None in leading or len(sizes) > 1 or _is_vector(dims)):
        s.graph.whole = s.graph.single = True
    s.batch = 1 if s.graph.whole else sizes.pop() if sizes else 1
    free = {n for n in leading if isinstance(n, str) and n}
    s.free_batch = not s.graph.whole and not any(isinstance(d[0], int) for d in dims.values())
    for value in values:
        kind = value.type.tensor_type.elem_type
        shape = _shape(s, value.name, dims[value.name], free)
        s.add_input(value.name, shape, TYPES[kind])


def _is_vector(dims: dict[str, list[int | str]]) -> bool:
    """Whether some input has one axis of a fixed size, which cannot be a batch beside inputs of more axes."""
    return any(len(d) == 1 and isinstance(d[0], int) and d[0] > 1 for d in dims.values())


def _dims(s: Any, value: Any) -> list[int | str]:
    """Sizes of the axes; text for a free one."""
    where = f"{s.path}: input '{value.name}'"
    if value.type.WhichOneof("value") != "tensor_type":
        raise BadInput(where, f"a {value.type.WhichOneof('value')}", "a tensor")
    kind = value.type.tensor_type
    if kind.elem_type not in TYPES:
        raise BadInput(where, f"element type {kind.elem_type}", "numbers or truth values")
    if not kind.HasField("shape") and not s.graph.whole:
        raise BadInput(where, "no shape", "a batch and then fixed dimensions")
    return [
        int(d.dim_value) if d.HasField("dim_value") and d.dim_value > 0 else str(d.dim_param) for d in kind.shape.dim
    ]


def _shape(s: Any, name: str, dims: list[int | str], free: set[str]) -> tuple[int, ...]:
    """The whole shape of one input: `free` names what the file calls the batch, which counts as 1."""
    where = f"{s.path}: input '{name}'"
    given = s.shapes.get(name, s.shapes.get(""))
    lead: list[int] = []
    rest = dims
    if not s.graph.whole and dims:
        lead, rest = [s.batch], dims[1:]
    if given is not None:
        if len(given) != len(rest) or any(isinstance(d, int) and d != n for d, n in zip(rest, given)):
            raise BadInput(f"--input-shape {','.join(map(str, given))}", f"{where} of shape {dims}", _wanted(rest))
        return (*lead, *given)
    fixed = [d if isinstance(d, int) else 1 if s.graph.whole and d in free else 0 for d in rest]
    if any(d < 1 for d in fixed):
        raise BadInput(
            where,
            f"shape ({', '.join(str(d) or '?' for d in dims)})",
            f"fixed dimensions behind the batch, or --input-shape {_wanted(rest)}",
        )
    return (*lead, *fixed)


def _wanted(rest: list[int | str]) -> str:
    return ",".join(str(d) if isinstance(d, int) else (d or "N").upper() for d in rest)


def parse_shapes(texts: list[str] | None) -> dict[str, tuple[int, ...]]:
    """`C,H,W` of the only input (under the empty name), or `NAME:C,H,W` each."""
    shapes: dict[str, tuple[int, ...]] = {}
    for text in texts or []:
        name, _, numbers = text.rpartition(":")
        try:
            shape = tuple(int(n) for n in numbers.split(","))
        except ValueError:
            shape = ()
        if not shape or any(n < 1 for n in shape) or int(np.prod(shape, dtype=np.float64)) > 1 << 40:
            raise BadInput(f"--input-shape {text}", "no shape", "positive integers, e.g. 3,32,32, or NAME:3,32,32")
        shapes[name] = shape
    return shapes
