# SPDX-License-Identifier: Apache-2.0
"""The values of tensors in an ONNX file or beside it."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from heddle_quantize.base.errors import BadInput

BFLOAT16, UINT4, INT4 = 16, 21, 22
# element types of ONNX's TensorProto, by name in messages
TYPES: dict[int, np.dtype] = {
    1: np.dtype(np.float32),
    2: np.dtype(np.uint8),
    3: np.dtype(np.int8),
    4: np.dtype(np.uint16),
    5: np.dtype(np.int16),
    6: np.dtype(np.int32),
    7: np.dtype(np.int64),
    9: np.dtype(np.bool_),
    10: np.dtype(np.float16),
    11: np.dtype(np.float64),
    12: np.dtype(np.uint32),
    13: np.dtype(np.uint64),
    BFLOAT16: np.dtype(np.float32),
}
"""Element types as numpy holds them; bfloat16 as float32."""


class Tensors:
    """Reads tensors; where `weightless` is allowed, missing values become noise that the seed fixes."""

    def __init__(self, path: Path, weightless: bool = False) -> None:
        self.path = path
        self.weightless = weightless
        self.missing: list[str] = []
        self.four_bit: set[str] = set()  # tensors whose values have four bits; numpy holds them in eight

    def read(self, tensor: Any, user: str = "") -> np.ndarray:
        where = f"{self.path}: tensor '{tensor.name}'" + (f" of node '{user}'" if user else "")
        raw = self._external(tensor, where) if tensor.data_location == 1 else None
        if raw is None and self._is_empty(tensor):
            if not self.weightless:
                raise BadInput(
                    where,
                    "no values" if tensor.data_location != 1 else "external data that is not there",
                    f"{list(tensor.dims)} values; `inspect` and `export --content shapes` need none",
                )
            return self._made_up(tensor)
        return self._decoded(tensor, raw, where)

    def _is_empty(self, tensor: Any) -> bool:
        if tensor.data_location == 1:
            return True
        fields = ("float_data", "int32_data", "int64_data", "double_data", "uint64_data", "string_data")
        stated = int(np.prod(list(tensor.dims), dtype=np.int64)) if len(tensor.dims) else 1
        return stated > 0 and not tensor.raw_data and not any(len(getattr(tensor, f)) for f in fields)

    def _made_up(self, tensor: Any) -> np.ndarray:
        self.missing.append(tensor.name)
        dtype = TYPES.get(tensor.data_type, np.dtype(np.float32))
        if dtype.kind != "f":
            raise BadInput(f"{self.path}: tensor '{tensor.name}'", "no values of type " + str(dtype), "weights")
        return np.random.default_rng(len(self.missing)).standard_normal(tuple(tensor.dims)).astype(dtype) * 0.1

    def _external(self, tensor: Any, where: str) -> bytes | None:
        """The bytes in another file of the model's folder; None if it is not there and need not be."""
        entries = {e.key: e.value for e in tensor.external_data}
        location = entries.get("location", "")
        folder = self.path.resolve().parent
        file = (folder / location).resolve()
        if not location or not file.is_relative_to(folder):
            raise BadInput(where, f"external data in '{location}'", "a file in the folder of the model")
        if not file.is_file():
            if self.weightless:
                return None
            raise BadInput(
                where,
                f"external data in '{location}', which is not there",
                "that file beside the model; `inspect` and `export --content shapes` need no weights",
            )
        try:
            offset, length = int(entries.get("offset", 0)), int(entries.get("length", -1))
        except ValueError as err:
            raise BadInput(where, f"external data with {err}", "whole numbers as offset and length") from err
        size = file.stat().st_size
        if offset < 0 or offset > size or length > size - offset:
            raise BadInput(where, f"bytes {offset} to {offset + length} of '{location}'", f"at most {size} bytes")
        with file.open("rb") as stream:
            stream.seek(offset)
            return stream.read(size - offset if length < 0 else length)

    def _decoded(self, tensor: Any, raw: bytes | None, where: str) -> np.ndarray:
        import onnx.numpy_helper

        if raw is not None:
            copy = type(tensor)()
            copy.CopyFrom(tensor)
            copy.data_location = 0
            copy.raw_data = raw
            tensor = copy
        if tensor.data_type in (UINT4, INT4):
            return self._halves(tensor, tensor.raw_data, where)
        if tensor.data_type not in TYPES:
            raise BadInput(where, f"element type {tensor.data_type}", "numbers or truth values")
        try:
            value = onnx.numpy_helper.to_array(tensor)
        except Exception as err:  # truncated data: numpy and onnx raise many kinds
            raise BadInput(where, f"unreadable data ({err})", f"{list(tensor.dims)} values of its type") from err
        return np.array(value)  # a copy: the buffer of the file is read-only

    def _halves(self, tensor: Any, raw: bytes, where: str) -> np.ndarray:
        """Two values of four bits in a byte, the lower half first."""
        count = int(np.prod(list(tensor.dims), dtype=np.int64))
        data = np.frombuffer(raw, np.uint8)
        if len(tensor.int32_data):
            data = np.asarray(tensor.int32_data, np.int64).astype(np.uint8)
        if data.size != -(-count // 2):
            raise BadInput(where, f"{data.size} bytes", f"{-(-count // 2)} for {count} values of four bits")
        self.four_bit.add(tensor.name)
        values = np.stack([data & 15, data >> 4], -1).reshape(-1)[:count].reshape(tuple(tensor.dims))
        if tensor.data_type == UINT4:
            return values
        signed: np.ndarray = values.astype(np.int8)
        return np.where(signed > 7, signed - 16, signed).astype(np.int8)
