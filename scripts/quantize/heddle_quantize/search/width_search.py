# SPDX-License-Identifier: Apache-2.0
"""Precision profiles in the manner of Judd et al.: the narrowest widths that keep the accuracy.

1. Find the narrowest width of each tensor alone that holds the target, the others at full width.
2. Take these widths together and widen every tensor by one bit until the target holds.
3. Take one bit from one tensor at a time, the tensor with the most work first, until no tensor can
   lose another bit.
A log keeps every evaluation, so that an interrupted search resumes where it stopped.
"""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from heddle_quantize.base.errors import BadInput
from heddle_quantize.base.progress import Progress
from heddle_quantize.search.evaluation_log import EvaluationLog

Key = tuple[str, str]  # node id, "a" or "w"
Vector = dict[Key, int]


@dataclass
class Knob:
    """One width to choose; `work` orders the tensors by what one bit less saves."""

    key: Key
    work: int
    low: int = 2
    high: int = 16


@dataclass
class SearchResult:
    bits: Vector
    score: float
    evaluations: int


class Search:
    """`evaluate` returns relative accuracy (1 = the float network's) of a width vector.

    After `limit` vectors (those found in the log count too) the descent stops; its widths hold the target.
    """

    def __init__(
        self,
        knobs: list[Knob],
        evaluate: Callable[[Vector], float],
        target: float,
        log: EvaluationLog,
        label: str = "search",
        limit: int | None = None,
    ) -> None:
        self.knobs = knobs
        self.evaluate = evaluate
        self.target = target
        self.log = log
        self.count = 0
        self.limit = limit
        self.asked: set[str] = set()
        self.progress = Progress(label)

    def score(self, bits: Vector) -> float:
        key = " ".join(f"{n}:{r}={bits[n, r]}" for n, r in sorted(bits))
        self.asked.add(key)
        if key not in self.log.scores:
            self.log.put(key, min(1.0, self.evaluate(bits)))
            self.count += 1
        self.progress.step(f"{self.log.scores[key]:.4f}")
        return self.log.scores[key]

    def holds(self, bits: Vector) -> bool:
        return self.score(bits) >= self.target

    def run(self) -> SearchResult:
        with self.progress:
            full = {k.key: k.high for k in self.knobs}
            if not self.holds(full):
                raise BadInput(
                    "precision search",
                    f"relative accuracy {self.score(full):.4f} with every tensor at its full width",
                    f"at least {self.target}",
                    "wider container, better observer or a lower --target",
                )
            alone = {k.key: self._alone(k, full) for k in self.knobs}
            bits = self._widen(alone, full)
            bits = self._descend(bits)
        return SearchResult(bits, self.score(bits), self.count)

    def _alone(self, knob: Knob, full: Vector) -> int:
        """Bisection, on the assumption that accuracy is monotone in one width."""
        low, high = knob.low, knob.high
        while low < high:
            middle = (low + high) // 2
            if self.holds({**full, knob.key: middle}):
                high = middle
            else:
                low = middle + 1
        return high

    def _widen(self, start: Vector, full: Vector) -> Vector:
        bits = dict(start)
        while not self.holds(bits):
            wider = {key: min(n + 1, full[key]) for key, n in bits.items()}
            if wider == bits:
                break
            bits = wider
        return bits

    def _descend(self, bits: Vector) -> Vector:
        """A tensor that could not lose a bit is not tried again, because the others only lose bits afterwards."""
        open_knobs = sorted(self.knobs, key=lambda k: (-k.work, k.key))
        while open_knobs:
            still_open = []
            for knob in open_knobs:
                if self.limit is not None and len(self.asked) >= self.limit:
                    return bits
                trial = {**bits, knob.key: bits[knob.key] - 1}
                if trial[knob.key] >= knob.low and self.holds(trial):
                    bits = trial
                    still_open.append(knob)
            open_knobs = still_open
        return bits
