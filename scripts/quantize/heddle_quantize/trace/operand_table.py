# SPDX-License-Identifier: Apache-2.0
"""Statistics of the integers in a trace, per array layer and operand."""
from __future__ import annotations

from typing import Any

import numpy as np

from heddle_quantize.formats.widths import bits_needed, group_widths
from heddle_quantize.trace.bit_counts import naf_terms
from heddle_quantize.trace.decode import decode
from heddle_quantize.trace.layer_shapes import ARRAY_OPS, layer_operand, multiplications
from heddle_quantize.trace.trace import Trace

COLUMNS = (
    "layer",
    "op",
    "products",
    "a_bits",
    "a_group_bits",
    "a_zero_percent",
    "a_terms",
    "w_bits",
    "w_group_bits",
    "w_zero_percent",
    "w_terms",
)


def _operand(values: np.ndarray, signed: bool, zero: int) -> dict[str, Any]:
    """`group_bits` is the mean width of groups of 16 along channels."""
    groups = group_widths(values, signed)
    return {
        "min": int(values.min()),
        "max": int(values.max()),
        "bits_needed": bits_needed(int(values.min()), int(values.max()), signed),
        "group_bits": float(groups.mean()),
        "zero_percent": float(100.0 * (values == zero).mean()),
        "terms": float(naf_terms(np.abs(values)).mean()),
    }


def stats(trace: Trace) -> list[dict[str, Any]]:
    """One row per array layer; activations of all samples together."""
    rows = []
    for layer in trace.manifest["layers"]:
        if layer["op"] not in ARRAY_OPS:
            continue
        row: dict[str, Any] = {
            "layer": layer["id"],
            "op": layer["op"],
            "products": multiplications(layer),
            **layer["precision"],
        }
        row.pop("w_groups", None)
        for role, prefix in (("activation", "a"), ("weight", "w")):
            operand = layer_operand(layer, role)
            names = [operand["file"]] if "file" in operand else operand.get("files", [])
            if names:
                rep = operand["rep"]
                values = np.concatenate([decode(trace.arrays[n], rep, trace.arrays, layer["id"]) for n in names])
                zero = rep.get("zero_point", 0)
                found = _operand(values, rep["signed"], zero if isinstance(zero, int) else 0)
                row.update({f"{prefix}_{k}": v for k, v in found.items()})
        rows.append(row)
    return rows


def _cell(value: Any) -> str:
    return f"{value:.2f}" if isinstance(value, float) else str(value)


def table(rows: list[dict[str, Any]]) -> str:
    cells = [list(COLUMNS)] + [[_cell(r.get(c, "-")) for c in COLUMNS] for r in rows]
    widths = [max(len(line[i]) for line in cells) for i in range(len(COLUMNS))]
    return "\n".join(
        "  ".join(text.ljust(w) if i < 2 else text.rjust(w) for i, (text, w) in enumerate(zip(line, widths)))
        for line in cells
    )
