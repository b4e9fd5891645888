# SPDX-License-Identifier: Apache-2.0
"""How far two results are apart."""
from __future__ import annotations

import numpy as np


def difference(got: np.ndarray, expected: np.ndarray) -> float:
    """The largest difference relative to the largest expected value; what is not finite must be equal."""
    if got.shape != expected.shape:
        return float("inf")
    expected = expected.astype(np.float64)
    finite = np.isfinite(expected)
    if not np.array_equal(got[~finite], expected[~finite], True):
        return float("inf")
    if not finite.any():
        return 0.0
    largest = float(np.abs(expected[finite]).max())
    apart = float(np.abs(got[finite] - expected[finite]).max())
    return apart / largest if largest else apart
