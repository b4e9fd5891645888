# SPDX-License-Identifier: Apache-2.0
"""The relative accuracy of a profile, which a search compares with its target."""
from __future__ import annotations

from heddle_quantize.base.choices import CRITERIA
from heddle_quantize.base.errors import unknown_name
from heddle_quantize.quantize.plan import Profile
from heddle_quantize.search import metrics
from heddle_quantize.search.prefix_runner import PrefixRunner
from heddle_quantize.search.task import Labelled, Task


class Judge:
    """Relative accuracy of profiles on the search samples.

    Criterion "accuracy" is Judd's: correct answers against the float network's. With few samples
    a search learns to trade answers it breaks for others that rounding happens to mend; "kept"
    counts only answers the float network has right, so nothing can be traded, and relative
    accuracy is at least as high. It needs a metric of right and wrong answers.
    """

    def __init__(self, task: Task, data: Labelled) -> None:
        if task.criterion not in CRITERIA:
            raise unknown_name("--criterion", "criterion", task.criterion, CRITERIA)
        self.task, self.data = task, data
        self.runner = PrefixRunner(task.graph, data.feeds, task.batch)
        answers = task.output(data, None, False)
        self.reference = metrics.METRICS[task.metric](answers, data.labels)
        self.kept = task.criterion == "kept" and task.metric in metrics.RIGHT
        if self.kept:
            self.right = metrics.RIGHT[task.metric](answers, data.labels)

    def __call__(self, profile: Profile, exact: bool) -> float:
        out = (
            self.task.output(self.data, profile, True)
            if exact
            else self.runner.output(profile, self.task.fake(profile))
        )
        if self.kept:
            now = metrics.RIGHT[self.task.metric](out, self.data.labels)
            return float((now & self.right).sum() / max(1, self.right.sum()))
        value = metrics.METRICS[self.task.metric](out, self.data.labels)
        return metrics.relative(self.task.metric, value, self.reference)
