# SPDX-License-Identifier: Apache-2.0
"""What is quantized, on which samples, and how well it answers."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from heddle_quantize.graph import executor
from heddle_quantize.graph.graph import Graph
from heddle_quantize.quantize.calibrate import LayerRange
from heddle_quantize.quantize.fake_arrays import FakeArrays
from heddle_quantize.quantize.integer_arrays import IntegerArrays
from heddle_quantize.quantize.plan import Profile, build_plan
from heddle_quantize.quantize.tensor_params import Options
from heddle_quantize.search import metrics
from heddle_quantize.search.evaluation_log import identity_of


@dataclass
class Labelled:
    """Samples with what the metric compares the output with."""

    feeds: dict[str, np.ndarray]
    labels: np.ndarray

    def digest(self) -> str:
        parts = [(k, v.shape, v.dtype.str, v.tobytes()) for k, v in sorted(self.feeds.items())]
        return identity_of(parts, self.labels.tobytes())


@dataclass
class Task:
    """What is being quantized and how it is judged."""

    graph: Graph
    ranges: dict[str, LayerRange]
    options: Options
    metric: str
    batch: int = 64
    min_bits: int = 2
    criterion: str = "accuracy"

    def fake(self, profile: Profile) -> FakeArrays:
        return FakeArrays(build_plan(self.graph, self.ranges, profile, self.options))

    def output(self, data: Labelled, profile: Profile | None, exact: bool) -> np.ndarray:
        """The network's answers; the float network's without a profile."""
        if profile is None:
            return executor.output(self.graph, data.feeds, dtype=torch.float32, batch=self.batch)
        if not exact:
            return executor.output(self.graph, data.feeds, self.fake(profile), torch.float32, self.batch)
        plan = build_plan(self.graph, self.ranges, profile, self.options)
        return executor.output(self.graph, data.feeds, IntegerArrays(plan), torch.float64, self.batch)

    def score(self, data: Labelled, profile: Profile | None, exact: bool) -> float:
        """The metric on `data`."""
        return metrics.METRICS[self.metric](self.output(data, profile, exact), data.labels)


def accuracy_of(task: Task, data: Labelled, chosen: Profile, split: str) -> dict[str, Any]:
    reference, quantized = task.score(data, None, False), task.score(data, chosen, True)
    return {
        "metric": task.metric,
        "float": reference,
        "quantized": quantized,
        "relative": metrics.relative(task.metric, quantized, reference),
        "split": split,
        "n": int(len(data.labels)),
    }
