# SPDX-License-Identifier: Apache-2.0
"""A trace in memory (traces/FORMAT.md)."""
from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np

VERSION = [1, 0]
STEM_MAX = 120
"""Characters of a file's stem."""
UNSAFE = re.compile(r"[^A-Za-z0-9._-]")


@dataclass
class Trace:
    """The manifest without `files`; arrays (.npy) and documents (.json) by file name."""

    manifest: dict[str, Any]
    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    documents: dict[str, Any] = field(default_factory=dict)

    def add(self, name: str, array: np.ndarray) -> str:
        if name in self.arrays:
            raise ValueError(f"{name} is already in the trace")
        self.arrays[name] = array
        return name


class FileNames:
    """File name stems of layers; they stay unique where two ids differ only in characters that are replaced."""

    def __init__(self) -> None:
        self._stems: dict[str, str] = {}

    def stem(self, layer_id: str) -> str:
        if layer_id not in self._stems:
            base = UNSAFE.sub("_", layer_id)
            if len(base) > STEM_MAX:  # file systems bound names, ids have no bound
                digest = hashlib.sha256(layer_id.encode("utf-8", "surrogatepass")).hexdigest()[:12]
                base = f"{base[: STEM_MAX - 13]}_{digest}"
            taken = set(self._stems.values())
            stem, count = base, 2
            while stem in taken:
                stem, count = f"{base}_{count}", count + 1
            self._stems[layer_id] = stem
        return self._stems[layer_id]
