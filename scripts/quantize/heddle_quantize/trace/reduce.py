# SPDX-License-Identifier: Apache-2.0
"""Reduces a trace to its weights, its statistics or its shapes."""
from __future__ import annotations

import copy
from typing import Any

from heddle_quantize.trace import layer_statistics
from heddle_quantize.trace.trace import Trace


def reduce_to(trace: Trace, content: str) -> Trace:
    """`values` keeps everything; `weights` drops what depends on samples; `statistics` drops all tensors
    and keeps the statistics files; `shapes` drops those as well."""
    if content == "values":
        return trace
    manifest = copy.deepcopy(trace.manifest)
    manifest["samples"] = 0
    tensors = content == "weights"
    for layer in manifest["layers"]:
        for operand in layer.get("operands", []):
            operand.pop("files", None)
            if not tensors:
                operand.pop("file", None)
                if "file" in operand["rep"].get("scale", {}):
                    operand["rep"].pop("scale")
        layer.get("accumulator", {}).pop("expect", None)
        if content != "statistics":
            layer.pop("stats", None)
        if not tensors:
            manifest["redacted"] = True
            layer.pop("bias", None)
            layer.get("precision", {}).pop("w_groups", None)
    named = set(_strings(manifest["layers"]))
    reduced = Trace(
        manifest,
        {k: v for k, v in trace.arrays.items() if k in named},
        {k: v for k, v in trace.documents.items() if k in named},
    )
    return layer_statistics.attach(reduced) if tensors else reduced


def _strings(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return [text for item in inner for text in _strings(item)]
