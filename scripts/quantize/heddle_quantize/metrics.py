# SPDX-License-Identifier: Apache-2.0
"""End-to-end measures; larger is better in all of them, so that one search serves every task."""
from __future__ import annotations

from collections.abc import Callable

import numpy as np

Metric = Callable[[np.ndarray, np.ndarray], float]


def top1(output: np.ndarray, labels: np.ndarray) -> float:
    """Fraction of samples whose largest output is the label."""
    return float((output.reshape(len(output), -1).argmax(1) == labels.reshape(-1)).mean())


def psnr_db(output: np.ndarray, target: np.ndarray) -> float:
    """Mean over samples of the peak signal-to-noise ratio in dB, peak 1, output clipped to it."""
    clipped = np.clip(output, 0.0, 1.0)
    error = ((clipped - target) ** 2).reshape(len(output), -1).mean(1)
    return float(np.mean(10.0 * np.log10(1.0 / error)))


def log_likelihood(output: np.ndarray, targets: np.ndarray) -> float:
    """Mean log probability of target tokens in nats a token; targets below 0 are not counted."""
    shifted = output - output.max(-1, keepdims=True)
    logp = shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
    mask = targets >= 0
    picked = np.take_along_axis(logp, np.maximum(targets, 0)[..., None], -1)[..., 0]
    return float(picked[mask].mean())


METRICS: dict[str, Metric] = {"top1": top1, "psnr_db": psnr_db, "log_likelihood": log_likelihood}


def relative(metric: str, value: float, reference: float) -> float:
    """value / reference where that means "share of the accuracy kept"; for losses the inverse."""
    if metric == "log_likelihood":
        return reference / value if value else 1.0
    return value / reference if reference else 0.0
