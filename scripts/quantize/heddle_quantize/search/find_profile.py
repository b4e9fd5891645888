# SPDX-License-Identifier: Apache-2.0
"""Searches the narrowest precision profile that keeps a share of the float network's accuracy."""
from __future__ import annotations

from pathlib import Path
from typing import Any

from heddle_quantize.base.progress import say
from heddle_quantize.graph.graph import Graph
from heddle_quantize.graph.work import layer_work
from heddle_quantize.quantize.plan import Profile
from heddle_quantize.search.evaluation_log import EvaluationLog, identity_of
from heddle_quantize.search.judge import Judge
from heddle_quantize.search.task import Labelled, Task
from heddle_quantize.search.width_search import Knob, Search, Vector


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
    # the search runs on the float32 twin, but the integer network must hold the target
    while True:
        profile = _to_profile(task.graph, bits)
        exact = judge(profile, True)
        if exact >= target or all(n >= top for n in bits.values()):
            break
        say(f"integer network at {exact:.4f}, below {target:g}: one bit more everywhere")
        bits = {key: min(n + 1, top) for key, n in bits.items()}
    report: dict[str, Any] = {
        "target_relative": target,
        "relative_on_search_samples": exact,
        "evaluations": result.evaluations,
        "search_samples": int(len(data.labels)),
        "reference": judge.reference,
    }
    if judge.kept:  # Judd's criterion is the default of the file and is not written
        report["criterion"] = "kept"
    return profile, report
