# SPDX-License-Identifier: Apache-2.0
"""From stored codes to the integers that processing elements see (traces/FORMAT.md)."""
from __future__ import annotations

from typing import Any

import numpy as np

from heddle_quantize.base.errors import BadInput
from heddle_quantize.formats.widths import code_range


def stored_range(rep: dict[str, Any]) -> tuple[int, int]:
    """Lowest and highest code. Codes of a codebook are indices, hence unsigned whatever its integers are."""
    if rep["kind"] == "codebook":
        return code_range(rep["bits"], False)
    if rep.get("bipolar", False):
        return -1, 1
    return code_range(rep["bits"], rep["signed"], rep.get("narrow", False))


def decode(codes: np.ndarray, rep: dict[str, Any], arrays: dict[str, np.ndarray], where: str) -> np.ndarray:
    """The codes as 64-bit integers; raises BadInput for a kind that has no exact decoding."""
    wide = codes.astype(np.int64)
    if rep["kind"] == "int":
        return wide
    if rep["kind"] == "power" and rep.get("exponent") == "1/2":
        return np.sign(wide) * wide * wide
    if rep["kind"] == "codebook" and rep.get("table_file") in arrays:
        table = arrays[rep["table_file"]].astype(np.int64).reshape(-1)
        if wide.size and (wide.min() < 0 or wide.max() >= table.size):
            raise BadInput(
                where,
                f"code {wide.min() if wide.min() < 0 else wide.max()}",
                f"an index into the codebook of {table.size} entries",
            )
        return table[wide]
    raise BadInput(
        where,
        f"representation kind '{rep['kind']}'",
        "int, power with exponent 1/2, or codebook with a listed table_file",
    )
