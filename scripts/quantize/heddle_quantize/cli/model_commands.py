# SPDX-License-Identifier: Apache-2.0
"""Subcommands that take a user's model: inspect, profile, export."""
from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import torch

from heddle_quantize.cli.answer import Answer
from heddle_quantize.base.errors import BadInput, EXIT_OK
from heddle_quantize.base.progress import say
from heddle_quantize.cli.precision_choice import choose, options_of
from heddle_quantize.export.exporter import ExportOptions, export
from heddle_quantize.graph import executor
from heddle_quantize.graph.graph import Graph
from heddle_quantize.graph.work import layer_work
from heddle_quantize.ingest.model_source import labels_of, open_model, open_quantized, samples_of
from heddle_quantize.quantize.calibrate import calibrate
from heddle_quantize.quantize.integer_arrays import IntegerArrays
from heddle_quantize.quantize.plan import Plan, build_plan
from heddle_quantize.search import metrics, profile_file
from heddle_quantize.search.find_profile import find_profile
from heddle_quantize.search.task import Labelled, Task, accuracy_of
from heddle_quantize.trace import storage
from heddle_quantize.trace.reduce import reduce_to


def _open(args: argparse.Namespace) -> Graph:
    return open_model(args.model, args.state, args.onnx, args.input_shape)


def inspect(args: argparse.Namespace) -> Answer:
    graph = _open(args)
    rng = np.random.default_rng(0)
    feeds = {k: rng.standard_normal((1,) + s).astype(np.float32) for k, s in graph.inputs.items()}
    if any(n.op == "embedding" for n in graph.nodes):
        feeds = {k: np.zeros_like(v) for k, v in feeds.items()}
    work = layer_work(graph, feeds)
    rows = [
        {
            "id": n.id,
            "op": n.op,
            "inputs": n.inputs,
            "products": work.get(n.id, 0),
            "weight": list(n.params["weight"].shape) if n.is_array and "weight" in n.params else None,
        }
        for n in graph.nodes
    ]
    lines = [f"{r['id']:40s} {r['op']:10s} {r['products'] or '':>12} {r['weight'] or ''}" for r in rows]
    lines.append(f"{len(graph.array_nodes())} array operations, {sum(work.values())} products")
    return (
        EXIT_OK,
        {"network": graph.name, "layers": rows, "inputs": {k: list(v) for k, v in graph.inputs.items()}},
        "\n".join(lines),
    )


def _labelled(path: Path, graph: Graph) -> Labelled:
    feeds = samples_of(path, graph)
    return Labelled(feeds, labels_of(path, len(next(iter(feeds.values())))))


def halves(data: Labelled) -> tuple[Labelled, Labelled]:
    """The first half for the search, the second to report on."""
    middle = len(data.labels) // 2
    if middle < 1:
        raise BadInput("--eval", f"{len(data.labels)} samples", "at least 2")
    parts = [
        Labelled({k: v[s] for k, v in data.feeds.items()}, data.labels[s])
        for s in (slice(0, middle), slice(middle, None))
    ]
    return parts[0], parts[1]


def search(args: argparse.Namespace) -> Answer:
    graph, options = _open(args), options_of(args)
    first, held_out = halves(_labelled(args.eval, graph))
    task = Task(graph, calibrate(graph, samples_of(args.calib, graph)), options, args.metric, criterion=args.criterion)
    chosen, report = find_profile(task, first, args.target, args.state_file, limit=args.max_evaluations)
    report["held_out"] = accuracy_of(task, held_out, chosen, "second half of --eval")
    profile_file.save(args.out, graph, chosen, report, options)
    lines = [f"{k:40s} Pa {a:2d}  Pw {w:2d}" for k, (a, w) in chosen.items()]
    lines.append(
        f"held-out {args.metric}: float {report['held_out']['float']:.4f}, quantized "
        f"{report['held_out']['quantized']:.4f}; {report['evaluations']} evaluations"
    )
    return EXIT_OK, report, "\n".join(lines)


def write(args: argparse.Namespace) -> Answer:
    if args.qonnx is not None:
        return _write_quantized(args)
    graph, options = _open(args), options_of(args)
    chosen = choose(args, graph)
    feeds = samples_of(args.calib, graph)
    task = Task(graph, calibrate(graph, feeds), options, args.metric)
    accuracy: dict[str, Any] = {}
    if args.eval is not None:
        accuracy = accuracy_of(task, halves(_labelled(args.eval, graph))[1], chosen, "second half of --eval")
    plan = build_plan(graph, task.ranges, chosen, options)
    count = len(next(iter(feeds.values())))
    provenance = {
        "calibration": {"name": args.calib.name, "samples": count},
        "method": {"scheme": options.scheme, "observer": options.observer, "per_channel": options.per_channel},
    }
    return _export(args, graph, plan, feeds, accuracy, provenance)


def _write_quantized(args: argparse.Namespace) -> Answer:
    """A network that brings its own quantization: nothing is chosen, nothing calibrated."""
    for given, name in (
        (args.model, "--model"),
        (args.onnx, "--onnx"),
        (args.bits, "--bits"),
        (args.profile, "--profile"),
    ):
        if given is not None:
            raise BadInput(
                "command line", f"{name} with --qonnx", "neither: the file holds the graph and its precisions"
            )
    torch.set_num_threads(args.threads)
    graph, plan = open_quantized(args.qonnx)
    feeds = samples_of(args.calib, graph)
    accuracy: dict[str, Any] = {}
    if args.eval is not None:
        data = _labelled(args.eval, graph)
        out = executor.output(graph, data.feeds, IntegerArrays(plan))
        score = metrics.METRICS[args.metric](out, data.labels)
        accuracy = {"metric": args.metric, "quantized": score, "split": "all of --eval", "n": int(len(data.labels))}
    return _export(args, graph, plan, feeds, accuracy, {"method": {"scheme": "as quantised upstream"}})


def _export(
    args: argparse.Namespace,
    graph: Graph,
    plan: Plan,
    feeds: dict[str, np.ndarray],
    accuracy: dict[str, Any],
    provenance: dict[str, Any],
) -> Answer:
    if not accuracy:
        say("no --eval: the trace will state no accuracy")
    count = len(next(iter(feeds.values())))
    if not 1 <= args.samples <= count:
        raise BadInput(f"--samples {args.samples}", "too few or too many", f"1 to {count}")
    samples = [{k: v[i : i + 1] for k, v in feeds.items()} for i in range(args.samples)]
    provenance = {"source_model": graph.source, "seed": args.seed, **provenance}
    trace = export(graph, plan, samples, ExportOptions(args.expect_limit or None, args.seed, provenance, accuracy))
    trace = reduce_to(trace, args.content)
    storage.write(trace, args.out, args.force)
    report = {"trace": str(args.out), "layers": len(trace.manifest["layers"]), "accuracy": accuracy}
    return EXIT_OK, report, (f"{args.out}: {report['layers']} layers, {trace.manifest['samples']} samples")
