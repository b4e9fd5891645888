# SPDX-License-Identifier: Apache-2.0
"""The subset of .npy that traces use: version 1.0, C order, little-endian, integer or float."""
from __future__ import annotations

import ast
import io

import numpy as np

from heddle_quantize.base.errors import BadInput

INTEGER_TYPES = ("|i1", "|u1", "<i2", "<u2", "<i4", "<i8")
FLOAT_TYPES = ("<f4", "<f8")
MAGIC = b"\x93NUMPY\x01\x00"
HEADER_BYTES_MAX = 65535


def to_bytes(array: np.ndarray) -> bytes:
    """The file's bytes; equal arrays give equal bytes."""
    if array.dtype.str not in INTEGER_TYPES + FLOAT_TYPES:
        raise ValueError(f"dtype {array.dtype.str} is not allowed in a trace")
    out = io.BytesIO()
    # ascontiguousarray would turn a scalar into a vector
    np.lib.format.write_array(out, np.array(array, order="C"), version=(1, 0), allow_pickle=False)
    return out.getvalue()


def from_bytes(data: bytes, where: str) -> np.ndarray:
    """Parses a file; every deviation from the subset raises BadInput with the name `where`."""
    if data[:8] != MAGIC:
        raise BadInput(where, f"first bytes {data[:8]!r}", ".npy format version 1.0")
    length = int.from_bytes(data[8:10], "little")
    text = data[10 : 10 + length]
    if len(text) != length:
        raise BadInput(where, f"a header of {len(text)} bytes", f"{length} bytes as declared")
    dtype, shape = _parse_header(text, where)
    body = data[10 + length :]
    count = 1
    for size in shape:
        count *= size
    expected = count * dtype.itemsize
    if len(body) != expected:
        raise BadInput(where, f"{len(body)} bytes of data", f"{expected} for shape {tuple(shape)} of {dtype.str}")
    return np.frombuffer(body, dtype=dtype).reshape(shape)


def _parse_header(text: bytes, where: str) -> tuple[np.dtype, tuple[int, ...]]:
    try:
        header = ast.literal_eval(text.decode("latin1").strip())
        descr, fortran, shape = header["descr"], header["fortran_order"], header["shape"]
    except (ValueError, SyntaxError, KeyError, TypeError, MemoryError, RecursionError) as err:
        raise BadInput(where, "an unreadable .npy header", "descr, fortran_order and shape") from err
    if fortran is not False:
        raise BadInput(where, "fortran_order", "C order")
    if descr not in INTEGER_TYPES + FLOAT_TYPES:
        raise BadInput(where, f"dtype {descr!r}", f"one of {' '.join(INTEGER_TYPES + FLOAT_TYPES)}")
    if not isinstance(shape, tuple) or not all(type(n) is int and n >= 0 for n in shape):
        raise BadInput(where, f"shape {shape!r}", "a tuple of non-negative integers")
    return np.dtype(descr), shape
