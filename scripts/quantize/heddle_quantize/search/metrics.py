# SPDX-License-Identifier: Apache-2.0
"""End-to-end measures; larger is better in all of them, so that one search serves every task."""
from __future__ import annotations

from collections.abc import Callable

import numpy as np

Metric = Callable[[np.ndarray, np.ndarray], float]


def top1_right(output: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Whether each sample's largest output is the label."""
    return output.reshape(len(output), -1).argmax(1) == labels.reshape(-1)


def top1(output: np.ndarray, labels: np.ndarray) -> float:
    """Fraction of samples whose largest output is the label."""
    return float(top1_right(output, labels).mean())


def psnr_db(output: np.ndarray, target: np.ndarray) -> float:
    """Mean over samples of the peak signal-to-noise ratio in dB, peak 1, output clipped to it."""
    clipped = np.clip(output, 0.0, 1.0)
    error = ((clipped - target) ** 2).reshape(len(output), -1).mean(1)
    return float(np.mean(10.0 * np.log10(1.0 / error)))


def log_likelihood(output: np.ndarray, targets: np.ndarray) -> float:
    """Mean log probability of target tokens in nats per token; targets below 0 are not counted."""
    shifted = output - output.max(-1, keepdims=True)
    logp = shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
    mask = targets >= 0
    picked = np.take_along_axis(logp, np.maximum(targets, 0)[..., None], -1)[..., 0]
    return float(picked[mask].mean())


def sequence_right(output: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Whether every asked token (label 0 or above) of each sequence is right."""
    return ((output.argmax(-1) == labels) | (labels < 0)).all(axis=1)


def sequence_top1(output: np.ndarray, labels: np.ndarray) -> float:
    """Fraction of sequences of which every asked token is right."""
    return float(sequence_right(output, labels).mean())


METRICS: dict[str, Metric] = {
    "top1": top1,
    "psnr_db": psnr_db,
    "log_likelihood": log_likelihood,
    "sequence_top1": sequence_top1,
}
# Metrics that are a mean of right and wrong answers, by the function that tells which are right.
RIGHT: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {"top1": top1_right, "sequence_top1": sequence_right}


def relative(metric: str, value: float, reference: float) -> float:
    """The share of the accuracy that is kept: value / reference, and the inverse for (negative) log likelihoods."""
    if metric == "log_likelihood":
        return reference / value if value else 1.0
    return value / reference if reference else 0.0
