# SPDX-License-Identifier: Apache-2.0
"""One ONNX node, decoded."""
from __future__ import annotations

from pathlib import Path
from typing import Any

from heddle_quantize.base.errors import BadInput


def text(value: str | bytes) -> str:
    """The text as str; protobuf returns text that is not UTF-8 as bytes."""
    return value if isinstance(value, str) else value.decode("utf-8", "backslashreplace")


class OnnxNode:
    """One ONNX node with its attributes decoded."""

    def __init__(self, proto: Any, index: int, path: Path) -> None:
        import onnx.helper

        self.proto = proto
        self.op = text(proto.op_type)
        self.domain = text(proto.domain)
        self.inputs = [text(name) for name in proto.input]
        self.outputs = [text(name) for name in proto.output]
        self.name = text(proto.name) or (self.outputs[0] if self.outputs else f"node{index}")
        try:
            self.attrs = {a.name: onnx.helper.get_attribute_value(a) for a in proto.attribute}
        except ValueError as err:
            raise BadInput(
                f"{path}: node '{self.name}' ({self.op})", "an attribute without a known type", "a valid attribute"
            ) from err

    @staticmethod
    def name_of(proto: Any) -> str:
        return text(proto.name) or (text(proto.output[0]) if len(proto.output) else "")
