# SPDX-License-Identifier: Apache-2.0
"""What a handler of an ONNX operator reads. Whatever else a node carries is refused by the node's name."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Handler = Callable[[Any, Any], None]
"""Adds what one ONNX node (second) computes to the importer's (first) graph, or to its constants."""

KINDS = {"b": "bool", "i": "integers", "f": "floating point", "s": "text"}


@dataclass(frozen=True)
class Operator:
    """One row of the table of operators.

    `attributes` names those that the handler reads; another one is refused unless it holds the default that
    ONNX gives it. `inputs` is the least and the most number of inputs, None for any number. `types` holds the kinds of
    element that computed inputs may have (b, i, f), `ranks` the least and the greatest rank of the first
    input. `outputs` is how many outputs the handler makes; further ones are refused where something reads them.
    """

    handler: Handler
    attributes: tuple[str, ...] = ()
    inputs: tuple[int, int | None] = (1, 1)
    types: str = "f"
    ranks: tuple[int, int | None] = (0, None)
    outputs: int | None = 1
    opsets: tuple[int, int] = (7, 21)


def operator(
    handler: Handler,
    attributes: str = "",
    inputs: int | tuple[int, int | None] = 1,
    types: str = "f",
    **others: Any,
) -> Operator:
    """A row; one number of inputs means exactly so many."""
    pair = (inputs, inputs) if isinstance(inputs, int) else inputs
    return Operator(handler, tuple(attributes.split()), pair, types, **others)


def kind_of(dtype: np.dtype) -> str:
    """b, i, f or s of an element type."""
    return {"b": "b", "i": "i", "u": "i", "f": "f"}.get(np.dtype(dtype).kind, "s")


def shown(value: Any) -> str:
    """An attribute's value as a message shows it."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    text = str(value)
    return text if len(text) <= 60 else text[:57] + "..."


def default_of(op: str, opset: int, attribute: str) -> tuple[bool, Any]:
    """Whether ONNX states a default for the attribute, and the default. Later opsets than the library knows use its
    last one."""
    import onnx.defs
    import onnx.helper

    try:
        schema = onnx.defs.get_schema(op, min(opset, onnx.defs.onnx_opset_version()), "")
    except Exception:  # the library's own exception for operators it does not know
        return False, None
    known = schema.attributes.get(attribute)
    if known is None or not known.default_value.name:
        return False, None
    return True, onnx.helper.get_attribute_value(known.default_value)


def complaint(row: Operator, node: Any, opset: int) -> tuple[str, str] | None:
    """What of the node, apart from its values, the handler does not read: found, expected."""
    least, most = row.inputs
    count = len(node.inputs)
    while count and not node.inputs[count - 1]:
        count -= 1
    if count < least or (most is not None and count > most):
        return f"{count} inputs", f"{least}" if least == most else f"{least} to {most or 'any number'}"
    if not row.opsets[0] <= opset <= row.opsets[1]:
        return f"opset {opset}", f"opset {row.opsets[0]} to {row.opsets[1]}"
    for name, value in node.attrs.items():
        if name in row.attributes:
            continue
        stated, default = default_of(node.op, opset, name)
        if stated and value == default:
            continue
        expected = "only " + ", ".join(row.attributes) if row.attributes else "no attribute"
        return f"attribute {name} = {shown(value)}, which is not read", expected
    return None
