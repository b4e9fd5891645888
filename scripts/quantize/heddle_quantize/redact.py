# SPDX-License-Identifier: Apache-2.0
"""Traces with less in them: weights without samples, or shapes and precisions alone."""
from __future__ import annotations

import copy
from typing import Any

from .trace_file import Trace


def reduce_to(trace: Trace, content: str) -> Trace:
    """`values` keeps everything; `weights` drops what samples made; `shapes` drops all tensors."""
    if content == "values":
        return trace
    manifest = copy.deepcopy(trace.manifest)
    manifest["samples"] = 0
    for layer in manifest["layers"]:
        for operand in layer.get("operands", []):
            operand.pop("files", None)
            if content == "shapes":
                operand.pop("file", None)
                if "file" in operand["rep"].get("scale", {}):
                    operand["rep"].pop("scale")
        layer.get("accumulator", {}).pop("expect", None)
        if content == "shapes":
            manifest["redacted"] = True
            layer.pop("bias", None)
            layer.get("precision", {}).pop("w_groups", None)
    named = set(_strings(manifest["layers"]))
    return Trace(manifest, {k: v for k, v in trace.arrays.items() if k in named})


def _strings(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return [text for item in inner for text in _strings(item)]
