# SPDX-License-Identifier: Apache-2.0
"""ONNX operators that make constants, or ask for shapes, and the inlining of branches that constants decide."""
from __future__ import annotations

from typing import Any

import numpy as np

from heddle_quantize.ingest.onnx.importer import Importer
from heddle_quantize.ingest.onnx.node import OnnxNode
from heddle_quantize.ingest.onnx.operator import Operator, operator
from heddle_quantize.ingest.onnx.tensors import TYPES

PLAIN = {"value_float": np.float32, "value_int": np.int64, "value_floats": np.float32, "value_ints": np.int64}
ANY = "bif"


def _constant(s: Importer, n: OnnxNode) -> None:
    name, value = next(iter(n.attrs.items()))
    if n.outputs[0] not in s.read:
        return
    if name == "value" and value.data_type != 8:
        s.fold(n, s.tensor(value))
    elif name in PLAIN:
        s.fold(n, np.asarray(value, PLAIN[name]))
    else:
        raise s.refuse(n, f"a constant of text or stored sparsely ({name})", "a dense tensor of numbers")


def _constant_of_shape(s: Importer, n: OnnxNode) -> None:
    value = s.tensor(n.attrs["value"]) if "value" in n.attrs else np.zeros(1, np.float32)
    s.fold(n, np.full([int(d) for d in s.const(n, 0)], value.reshape(-1)[0]))


def _shape(s: Importer, n: OnnxNode) -> None:
    found = s.shape(n, 0)
    start, end = int(n.attrs.get("start", 0)), int(n.attrs.get("end", len(found)))
    s.fold(n, np.array(found[start:end], np.int64))


def _size(s: Importer, n: OnnxNode) -> None:
    s.fold(n, np.array(int(np.prod(s.shape(n, 0), dtype=np.int64)), np.int64))


def _identity(s: Importer, n: OnnxNode) -> None:
    s.alias(n, s.value(n, 0))


def _dropout(s: Importer, n: OnnxNode) -> None:
    """Nothing happens to values, outside of training or with a ratio of 0."""
    ratio = float(np.asarray(s.const(n, 1, n.attrs.get("ratio", 0.5))).reshape(()))
    if bool(np.asarray(s.const(n, 2, False)).reshape(())) and ratio:
        raise s.refuse(n, "training_mode, which drops values at random", "a network in its evaluation mode")
    s.alias(n, s.value(n, 0))
    if len(n.outputs) > 1 and n.outputs[1]:
        kind: Any = np.bool_ if s.opset >= 10 else s.dtype(n)
        s.fold(n, np.ones(s.shape(n, 0), kind), 1)


def cast_to(s: Importer, n: OnnxNode, target: int) -> None:
    """Truncates to integers, wraps into narrower ones, makes truth values of what is not zero."""
    if target not in TYPES or target == 8:
        raise s.refuse(n, f"element type {target}", "numbers or truth values")
    old, new, value = s.dtype(n), TYPES[target], s.value(n, 0)
    if new.kind == "b":
        s.emit(n, "nonzero", [value], dtype=new)
    elif new.kind in "iu" and old.kind == "f":
        s.emit(n, "trunc", [value], dtype=new)
    elif new.kind in "iu" and old.kind in "iu" and not np.can_cast(old, new):
        s.emit(n, "wrap", [value], dtype=new, bits=8 * new.itemsize, signed=new.kind == "i")
    elif target in (10, 16) and old != np.float16:
        s.emit(n, "half", [value], dtype=new, brain=target == 16)
    elif s.known(value) is not None:
        s.fold(n, s.const(n, 0).astype(new))
    else:
        made = s.emit(n, "identity", [value], dtype=new) if kind_changes(old, new) else value
        s.alias(n, made)


def kind_changes(old: np.dtype, new: np.dtype) -> bool:
    """Whether the element type of a value must be recorded anew, although its number stays."""
    return old != new and not (old.kind == "f" and new.kind == "f")


def _cast(s: Importer, n: OnnxNode) -> None:
    cast_to(s, n, int(n.attrs["to"]))


def _cast_like(s: Importer, n: OnnxNode) -> None:
    kind = s.dtype(n, 1)
    cast_to(s, n, next(code for code, dtype in TYPES.items() if dtype == kind))


def _range(s: Importer, n: OnnxNode) -> None:
    start, limit, step = (s.const(n, i) for i in range(3))
    s.fold(n, np.arange(start.item(), limit.item(), step.item()).astype(start.dtype))


def _eye(s: Importer, n: OnnxNode) -> None:
    rows, columns = s.shape(n, 0)
    kind = TYPES[int(n.attrs["dtype"])] if "dtype" in n.attrs else s.dtype(n)
    s.fold(n, np.eye(rows, columns, int(n.attrs.get("k", 0)), dtype=kind))


def _nonzero(s: Importer, n: OnnxNode) -> None:
    s.fold(n, np.stack(np.nonzero(s.const(n, 0))).astype(np.int64))


def _if(s: Importer, n: OnnxNode) -> None:
    """The branch that a constant condition takes, in place of the node."""
    branch: Any = n.attrs["then_branch" if bool(s.const(n, 0).reshape(())) else "else_branch"]
    for tensor in branch.initializer:
        s.consts[tensor.name] = s.tensor(tensor)
    s.read |= {value.name for value in branch.output}
    s.run_nodes(branch.node)
    for position, value in enumerate(branch.output):
        if n.outputs[position]:
            s.alias(n, s.names[value.name] if value.name in s.names else "const:" + value.name, position)


TABLE: dict[str, Operator] = {
    "Constant": operator(
        _constant, "value value_float value_int value_floats value_ints value_string value_strings " "sparse_value", 0
    ),
    "ConstantOfShape": operator(_constant_of_shape, "value", types="i"),
    "Shape": operator(_shape, "start end", types=ANY),
    "Size": operator(_size, types=ANY),
    "Identity": operator(_identity, types=ANY),
    "Dropout": operator(_dropout, "ratio seed", (1, 3), types=ANY),
    # saturate is about 8-bit floating point, which is not read
    "Cast": operator(_cast, "to saturate", types=ANY),
    "CastLike": operator(_cast_like, "saturate", 2, types=ANY),
    "Range": operator(_range, "", 3, types=""),
    "EyeLike": operator(_eye, "dtype k", types=ANY, ranks=(2, 2)),
    "NonZero": operator(_nonzero, types=""),
    "If": operator(_if, "then_branch else_branch", types=""),
}
