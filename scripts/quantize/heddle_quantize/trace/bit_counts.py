# SPDX-License-Identifier: Apache-2.0
"""How many bits, terms and digits integers have."""
from __future__ import annotations

import numpy as np


def bit_lengths(magnitudes: np.ndarray) -> np.ndarray:
    """Bit length of each magnitude: frexp's exponent, exact for integers below 2^53 (and 0 for 0)."""
    return np.frexp(magnitudes.astype(np.float64))[1].astype(np.int64)


def set_bits(values: np.ndarray) -> np.ndarray:
    words = values.astype("<u8").reshape(-1, 1)
    return np.unpackbits(words.view(np.uint8), axis=1).sum(axis=1).astype(np.int64)


def naf_terms(magnitudes: np.ndarray) -> np.ndarray:
    """Terms of the non-adjacent form: popcount(x ^ 3x)."""
    return set_bits(magnitudes ^ (3 * magnitudes))


def booth_digits(magnitudes: np.ndarray) -> np.ndarray:
    """Nonzero digits of the radix-4 modified Booth form: a digit is zero where its three bits are equal."""
    doubled, total = magnitudes << 1, np.zeros_like(magnitudes)
    for place in range(0, 2 * (int(magnitudes.max(initial=0)).bit_length() // 2 + 1), 2):
        triple = (doubled >> place) & 7
        total += (triple != 0) & (triple != 7)
    return total


def trimmed_spans(magnitudes: np.ndarray) -> np.ndarray:
    """Bits from the highest set bit to the lowest set bit, both counted; 0 for 0."""
    return bit_lengths(magnitudes) - bit_lengths(magnitudes & -magnitudes) + (magnitudes > 0)
