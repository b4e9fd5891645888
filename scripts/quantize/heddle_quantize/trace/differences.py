# SPDX-License-Identifier: Apache-2.0
"""Differences between two traces, in words."""
from __future__ import annotations

from typing import Any

import numpy as np

from heddle_quantize.trace.trace import Trace

LINES_MAX = 200


def _walk(a: Any, b: Any, pointer: str, out: list[str]) -> None:
    if isinstance(a, dict) and isinstance(b, dict):
        for key in sorted(set(a) | set(b)):
            if key not in a or key not in b:
                out.append(f"{pointer}/{key}: only in the {'second' if key not in a else 'first'}")
            else:
                _walk(a[key], b[key], f"{pointer}/{key}", out)
    elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for i, (x, y) in enumerate(zip(a, b)):
            _walk(x, y, f"{pointer}/{i}", out)
    elif a != b:
        out.append(f"{pointer}: {_short(a)} -> {_short(b)}")


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _arrays(name: str, a: np.ndarray, b: np.ndarray) -> str | None:
    if a.shape != b.shape or a.dtype != b.dtype:
        return f"{name}: {a.shape} {a.dtype.str} -> {b.shape} {b.dtype.str}"
    different = int((a != b).sum())
    if not different:
        return None
    largest = float(np.abs(a.astype(np.float64) - b.astype(np.float64)).max())
    return f"{name}: {different} of {a.size} values differ, by up to {largest:g}"


def differences(first: Trace, second: Trace) -> list[str]:
    """Differences of manifests (without the digests of files), documents and arrays; empty if there is none."""
    out: list[str] = []
    a = {k: v for k, v in first.manifest.items() if k != "files"}
    b = {k: v for k, v in second.manifest.items() if k != "files"}
    _walk(a, b, "", out)
    _walk(first.documents, second.documents, "", out)
    for name in sorted(set(first.arrays) | set(second.arrays)):
        if name not in first.arrays or name not in second.arrays:
            out.append(f"{name}: only in the {'second' if name not in first.arrays else 'first'}")
            continue
        line = _arrays(name, first.arrays[name], second.arrays[name])
        if line:
            out.append(line)
    if len(out) > LINES_MAX:
        out = out[:LINES_MAX] + [f"... and {len(out) - LINES_MAX} more"]
    return out
