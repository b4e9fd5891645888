# SPDX-License-Identifier: Apache-2.0
"""Searches, checks and stores precision profiles of a graph."""
from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from . import metrics, run
from .calibrate import LayerRange, Options, Profile, build_plan, uniform_profile
from .choices import CRITERIA
from .errors import BadInput, unknown_name
from .integer import FakeArrays, IntegerArrays
from .ir import Graph, Node
from .prefix import PrefixRunner
from .progress import say
from .search import EvaluationLog, Knob, Search, Vector, identity_of


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
    """What is being quantised and how it is judged."""

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
            return run.output(self.graph, data.feeds, dtype=torch.float32, batch=self.batch)
        if not exact:
            return run.output(self.graph, data.feeds, self.fake(profile), torch.float32, self.batch)
        plan = build_plan(self.graph, self.ranges, profile, self.options)
        return run.output(self.graph, data.feeds, IntegerArrays(plan), torch.float64, self.batch)

    def score(self, data: Labelled, profile: Profile | None, exact: bool) -> float:
        """The metric on `data`."""
        return metrics.METRICS[self.metric](self.output(data, profile, exact), data.labels)


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


def layer_work(graph: Graph, feeds: dict[str, np.ndarray]) -> dict[str, int]:
    """Products of each array operation for one sample."""
    work: dict[str, int] = {}

    def visit(node: Node, args: list[torch.Tensor], result: torch.Tensor) -> None:
        if node.op == "matmul":
            work[node.id] = result.numel() * args[0].shape[-1]
        elif node.is_array:
            work[node.id] = result.numel() * node.params["weight"][0].size

    run.run(graph, {k: v[:1] for k, v in feeds.items()}, visit=visit, dtype=torch.float32)
    return work


def _to_profile(graph: Graph, bits: Vector) -> Profile:
    return {n.id: (bits[n.id, "a"], bits[n.id, "w"]) for n in graph.array_nodes()}


def find_profile(
    task: Task,
    data: Labelled,
    target: float,
    state: Path | None = None,
    max_bits: int | None = None,
    limit: int | None = None,
) -> tuple[Profile, dict[str, Any]]:
    """The narrowest profile found whose integer network keeps `target` of the float accuracy."""
    top = task.options.container if max_bits is None else max_bits
    judge = Judge(task, data)
    work = layer_work(task.graph, data.feeds)
    knobs = []
    for node in task.graph.array_nodes():
        knobs += [Knob((node.id, role), work[node.id], task.min_bits, top) for role in "aw"]
    log = EvaluationLog(
        state,
        identity_of(
            data.digest(),
            task.options,
            task.metric,
            judge.reference,
            judge.kept,
            top,
            task.min_bits,
            [(n.id, n.op) for n in task.graph.nodes],
            [(k, p.tobytes()) for n in task.graph.nodes for k, p in n.params.items()],
        ),
    )

    def evaluate(bits: Vector) -> float:
        return judge(_to_profile(task.graph, bits), False)

    search = Search(knobs, evaluate, target, log, f"search {target:g}", limit)
    result = search.run()
    bits = result.bits
    # the search runs on the float32 twin; the integer network has the last word
    while True:
        profile = _to_profile(task.graph, bits)
        exact = judge(profile, True)
        if exact >= target or all(n >= top for n in bits.values()):
            break
        say(f"integer network at {exact:.4f}, below {target:g}: one bit more everywhere")
        bits = {key: min(n + 1, top) for key, n in bits.items()}
    report = {
        "target_relative": target,
        "relative_on_search_samples": exact,
        "evaluations": result.evaluations,
        "search_samples": int(len(data.labels)),
        "reference": judge.reference,
    }
    if judge.kept:  # Judd's own criterion is the one that needs no name
        report["criterion"] = "kept"
    return profile, report


def save(path: Path, graph: Graph, profile: Profile, report: dict[str, Any], options: Options) -> None:
    layers = {k: {"a_bits": a, "w_bits": w} for k, (a, w) in profile.items()}
    body = {
        "network": graph.name,
        "scheme": options.scheme,
        "container_bits": options.container,
        "report": report,
        "layers": layers,
    }
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_text(json.dumps(body, indent=1, sort_keys=True) + "\n")
    temporary.rename(path)


def load(path: Path, graph: Graph) -> Profile:
    """A profile file; every array operation must be in it, and nothing else."""
    try:
        body = json.loads(path.read_text())
        layers = body["layers"]
    except (OSError, json.JSONDecodeError, KeyError, TypeError) as err:
        raise BadInput(
            str(path), f"no profile ({err})", 'JSON {"layers": {"<node>": {"a_bits": n, "w_bits": n}}}'
        ) from err
    names = [n.id for n in graph.array_nodes()]
    for name in layers:
        if name not in names:
            raise unknown_name(f"{path}: /layers", "array operation", name, names)
    out = {}
    for name in names:
        if name not in layers:
            raise BadInput(f"{path}: /layers", f"no entry '{name}'", "one an array operation")
        for key in ("a_bits", "w_bits"):
            bits = layers[name].get(key)
            if not isinstance(bits, int) or not 1 <= bits <= 16:
                raise BadInput(f"{path}: /layers/{name}/{key}", repr(bits), "1 to 16 bits")
        out[name] = (layers[name]["a_bits"], layers[name]["w_bits"])
    return out


__all__ = ["Labelled", "Task", "find_profile", "layer_work", "load", "save", "uniform_profile"]
