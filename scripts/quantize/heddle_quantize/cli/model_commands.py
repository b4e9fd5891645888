# SPDX-License-Identifier: Apache-2.0
"""Subcommands that quantize a user's model: profile, export."""
from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import Any

import numpy as np
import torch

from heddle_quantize.cli.answer import Answer
from heddle_quantize.base.errors import BadInput, EXIT_OK
from heddle_quantize.base.progress import say
from heddle_quantize.cli.precision_choice import choose, options_of, take_positional
from heddle_quantize.export.exporter import ExportOptions, export
from heddle_quantize.graph import executor
from heddle_quantize.graph.graph import Graph
from heddle_quantize.ingest.model_source import states_quantization, labels_of, open_model, open_quantized, samples_of
from heddle_quantize.ingest.runtime_check import check_runtime
from heddle_quantize.quantize.calibrate import calibrate
from heddle_quantize.quantize.integer_arrays import IntegerArrays
from heddle_quantize.quantize.plan import Plan, Profile, build_plan
from heddle_quantize.search import metrics, profile_file
from heddle_quantize.search.find_profile import find_profile
from heddle_quantize.search.task import Labelled, Task, accuracy_of
from heddle_quantize.trace import storage
from heddle_quantize.trace.reduce import reduce_to


SQNR_SAMPLES = 16
UNCHECKED = "none (--check onnxruntime compares the float graph with ONNX Runtime)"


def open_network(args: argparse.Namespace, weightless: bool = False) -> Graph:
    """The float network that the command line names; what a user should know of it is said."""
    graph = open_model(args.model, args.state, args.onnx, args.input_shape, weightless)
    for note in graph.notes:
        say(f"note: {note}")
    return graph


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
    take_positional(args)
    graph, options = open_network(args), options_of(args)
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
    take_positional(args)
    if args.onnx is not None and states_quantization(args.onnx):
        args.qonnx, args.onnx = args.onnx, None
    if args.qonnx is not None:
        return _write_quantized(args)
    graph, options = open_network(args, args.content == "shapes"), options_of(args)
    _check_layers(graph)
    chosen = choose(args, graph)
    feeds = _calibration(args, graph)
    if args.check is not None:
        if args.onnx is None:
            raise BadInput("command line", "--check without --onnx", "it with --onnx; modules are always compared")
        graph.check = check_runtime(graph, args.onnx, feeds)
    task = Task(graph, calibrate(graph, feeds), options, args.metric)
    accuracy: dict[str, Any] = {}
    if args.eval is not None:
        accuracy = _accuracy(args, graph, task, chosen)
    plan = build_plan(graph, task.ranges, chosen, options)
    count = len(next(iter(feeds.values())))
    provenance = {
        "calibration": {"name": "noise" if args.calib is None else args.calib.name, "samples": count},
        "method": {"scheme": options.scheme, "observer": options.observer, "per_channel": options.per_channel},
    }
    return _export(args, graph, plan, feeds, accuracy, provenance)


def _accuracy(args: argparse.Namespace, graph: Graph, task: Task, chosen: Profile) -> dict[str, Any]:
    """On all of --eval; on its second half if the precisions were searched, which was done on the first."""
    data = _labelled(args.eval, graph)
    if args.profile is None:
        return accuracy_of(task, data, chosen, "all of --eval")
    return accuracy_of(task, halves(data)[1], chosen, "second half of --eval")


def _quality(graph: Graph, plan: Plan, feeds: dict[str, np.ndarray], accuracy: dict[str, Any]) -> dict[str, Any]:
    """What rounding costs: the accuracy, or how far the first output is from the float network's."""
    if accuracy:
        return accuracy
    part = {key: value[:SQNR_SAMPLES] for key, value in feeds.items()}
    reference = executor.output(graph, part)
    error = executor.output(graph, part, IntegerArrays(plan)) - reference
    signal, noise = float((reference**2).sum()), float((error**2).sum())
    return {
        "output_sqnr_db": 10 * math.log10(signal / noise) if signal and noise else None,
        "n": len(next(iter(part.values()))),
    }


def _quality_text(quality: dict[str, Any]) -> str:
    if "metric" in quality:
        known = f", float {quality['float']:.4f}" if "float" in quality else ""
        return f"{quality['metric']}: quantized {quality['quantized']:.4f}{known} on {quality['n']} samples"
    if quality["output_sqnr_db"] is None:
        return f"first output: equal to the float network's on {quality['n']} samples"
    return f"first output: SQNR {quality['output_sqnr_db']:.1f} dB on {quality['n']} calibration samples"


def _check_layers(graph: Graph) -> None:
    if not graph.array_nodes():
        raise BadInput(
            f"network '{graph.name}'",
            "no array layer behind its outputs",
            "at least one convolution, linear layer or matrix product: there is nothing to simulate",
        )


def _calibration(args: argparse.Namespace, graph: Graph) -> dict[str, np.ndarray]:
    """Samples of --calib; shapes alone need none, and then noise stands for them."""
    if args.calib is not None:
        return samples_of(args.calib, graph)
    if args.content != "shapes":
        raise BadInput("command line", "no --calib", "--calib SAMPLES.npz; only --content shapes does without")
    return executor.noise(graph, 1)


def _write_quantized(args: argparse.Namespace) -> Answer:
    """A network that brings its own quantization: nothing is chosen, nothing calibrated."""
    for given, name in ((args.model, "--model"), (args.onnx, "--onnx")):
        if given is not None:
            raise BadInput("command line", f"{name} with --qonnx", "one of them")
    for given, name in ((args.bits, "--bits"), (args.profile, "--profile")):
        if given is not None:
            raise BadInput(
                str(args.qonnx), f"{name} for a file that is quantized already", "no precisions: its nodes state them"
            )
    torch.set_num_threads(args.threads)
    graph, plan = open_quantized(args.qonnx)
    if args.calib is None:
        raise BadInput("command line", "no --calib", "--calib SAMPLES.npz")
    feeds = samples_of(args.calib, graph)
    if args.check is not None:
        graph.check = check_runtime(graph, args.qonnx, feeds, plan)
    accuracy: dict[str, Any] = {}
    if args.eval is not None:
        data = _labelled(args.eval, graph)
        out = executor.output(graph, data.feeds, IntegerArrays(plan))
        score = metrics.METRICS[args.metric](out, data.labels)
        accuracy = {"metric": args.metric, "quantized": score, "split": "all of --eval", "n": int(len(data.labels))}
    return _export(args, graph, plan, feeds, accuracy, {"method": {"scheme": "as quantized upstream"}})


def _export(
    args: argparse.Namespace,
    graph: Graph,
    plan: Plan,
    feeds: dict[str, np.ndarray],
    accuracy: dict[str, Any],
    provenance: dict[str, Any],
) -> Answer:
    if not accuracy and args.content != "shapes":
        say("no --eval: the trace will state no accuracy")
    count = len(next(iter(feeds.values())))
    if not 1 <= args.samples <= count:
        raise BadInput(f"--samples {args.samples}", "too few or too many", f"1 to {count}")
    samples = [{k: v[i : i + 1] for k, v in feeds.items()} for i in range(args.samples)]
    provenance = {"source_model": graph.source, "seed": args.seed, **provenance}
    trace = export(graph, plan, samples, ExportOptions(args.expect_limit or None, args.seed, provenance, accuracy))
    trace = reduce_to(trace, args.content)
    storage.write(trace, args.out, args.force)
    report: dict[str, Any] = {
        "trace": str(args.out),
        "layers": len(trace.manifest["layers"]),
        "accuracy": accuracy,
        "check": graph.check or UNCHECKED,
    }
    lines = [f"{args.out}: {report['layers']} layers, {trace.manifest['samples']} samples", f"check: {report['check']}"]
    if not graph.weightless and args.calib is not None:
        report["quality"] = _quality(graph, plan, feeds, accuracy)
        lines.append(_quality_text(report["quality"]))
    return EXIT_OK, report, "\n".join(lines)
