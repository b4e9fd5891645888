# SPDX-License-Identifier: Apache-2.0
"""How many bits, terms and digits integers have."""
from __future__ import annotations

import numpy as np


def bit_lengths(magnitudes: np.ndarray) -> np.ndarray:
    """frexp's exponent of an integer below 2^53 is its bit length, and 0 for 0."""
    return np.frexp(magnitudes.astype(np.float64))[1].astype(np.int64)


def set_bits(values: np.ndarray) -> np.ndarray:
    words = values.astype("<u8").reshape(-1, 1)
    return np.unpackbits(words.view(np.uint8), axis=1).sum(axis=1).astype(np.int64)


def naf_terms(magnitudes: np.ndarray) -> np.ndarray:
    """Terms of the non-adjacent form: popcount(x ^ 3x)."""
    return set_bits(magnitudes ^ (3 * magnitudes))


def booth_digits(magnitudes: np.ndarray) -> np.ndarray:
    """Radix-4 modified Booth digits that are not zero: bit triples that are not all alike."""
    doubled, total = magnitudes << 1, np.zeros_like(magnitudes)
    for place in range(0, 2 * (int(magnitudes.max(initial=0)).bit_length() // 2 + 1), 2):
        triple = (doubled >> place) & 7
        total += (triple != 0) & (triple != 7)
    return total


def trimmed_spans(magnitudes: np.ndarray) -> np.ndarray:
    """Bits from the highest to the lowest that is set."""
    return bit_lengths(magnitudes) - bit_lengths(magnitudes & -magnitudes) + (magnitudes > 0)
