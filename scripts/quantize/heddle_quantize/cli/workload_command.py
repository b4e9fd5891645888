# SPDX-License-Identifier: Apache-2.0
"""Subcommand workload: the trained networks of $HEDDLE_WORKLOADS, checked and exported."""
from __future__ import annotations

import argparse
from typing import Any

import torch

from heddle_quantize.cli.answer import Answer
from heddle_quantize.base.errors import BadInput, EXIT_CHECK_FAILED, EXIT_OK
from heddle_quantize.base.progress import say
from heddle_quantize.cli.precision_choice import choose, options_of
from heddle_quantize.export.exporter import ExportOptions, export
from heddle_quantize.graph import executor
from heddle_quantize.quantize.calibrate import calibrate
from heddle_quantize.quantize.integer_arrays import IntegerArrays
from heddle_quantize.quantize.plan import Profile, build_plan
from heddle_quantize.search import profile_file
from heddle_quantize.search.find_profile import find_profile
from heddle_quantize.search.metrics import METRICS
from heddle_quantize.search.task import Task, accuracy_of
from heddle_quantize.trace import storage
from heddle_quantize.trace.reduce import reduce_to
from heddle_quantize.trace.trace import Trace
from heddle_quantize.workloads import catalogue
from heddle_quantize.workloads.workload import Golden, Workload


def workload(args: argparse.Namespace) -> Answer:
    if args.name == "list":
        rows = {name: entry[2] for name, entry in catalogue.CATALOGUE.items()}
        return EXIT_OK, rows, "\n".join(f"{n:20s} {t}" for n, t in rows.items())
    if args.out is None:
        raise BadInput("command line", "no -o", "-o NAME.trace")
    torch.set_num_threads(args.threads)
    loaded = catalogue.load(args.name)
    goldens = [] if args.no_golden else loaded.golden()
    for check in goldens:
        say(
            f"golden: {check.name}: {check.compared - check.wrong} of {check.compared} within "
            f"{check.tolerance:g} (worst {check.worst:.3g})"
        )
    trace, accuracy = _float_network(args, loaded) if loaded.plan is None else _integer_network(args, loaded)
    trace = reduce_to(trace, args.content)
    storage.write(trace, args.out, args.force)
    failed = [g for g in goldens if g.wrong]
    report = {
        "trace": str(args.out),
        "layers": len(trace.manifest["layers"]),
        "accuracy": accuracy,
        "golden": [vars(g) for g in goldens],
    }
    return (EXIT_CHECK_FAILED if failed else EXIT_OK), report, _text(args, report, failed)


def _text(args: argparse.Namespace, report: dict[str, Any], failed: list[Golden]) -> str:
    accuracy = report["accuracy"]
    line = f"{args.out}: {report['layers']} layers, {len(report['golden'])} golden comparisons"
    if accuracy:
        line += f"; {accuracy['metric']} quantized {accuracy['quantized']:.4f}"
        if "float" in accuracy:
            line += f", float {accuracy['float']:.4f}"
        line += f" on {accuracy['n']} samples ({accuracy['split']})"
    return "\n".join([line] + [f"golden failed: {g.name}: {g.wrong} of {g.compared}" for g in failed])


def _integer_network(args: argparse.Namespace, loaded: Workload) -> tuple[Trace, dict[str, Any]]:
    if args.profile or args.bits or args.target:
        raise BadInput(
            f"workload '{args.name}'", "--profile, --bits or --target", "none of them: this network comes quantized"
        )
    assert loaded.plan is not None
    accuracy: dict[str, Any] = {}
    if loaded.held_out is not None:
        out = executor.output(loaded.graph, loaded.held_out.feeds, IntegerArrays(loaded.plan), batch=loaded.batch)
        accuracy = {
            "metric": loaded.metric,
            "quantized": METRICS[loaded.metric](out, loaded.held_out.labels),
            "split": loaded.split,
            "n": int(len(loaded.held_out.labels)),
        }
    samples = loaded.samples[: args.samples]
    trace = export(
        loaded.graph,
        loaded.plan,
        samples,
        ExportOptions(args.expect_limit or None, args.seed, loaded.provenance, accuracy),
    )
    return trace, accuracy


def _float_network(args: argparse.Namespace, loaded: Workload) -> tuple[Trace, dict[str, Any]]:
    options = options_of(args)
    assert loaded.calib is not None
    task = Task(
        loaded.graph,
        calibrate(loaded.graph, loaded.calib, loaded.batch),
        options,
        loaded.metric,
        loaded.batch,
        criterion=args.criterion,
    )
    chosen = _search(args, loaded, task) if args.target else choose(args, loaded.graph)
    accuracy: dict[str, Any] = {}
    if loaded.held_out is not None:
        accuracy = accuracy_of(task, loaded.held_out, chosen, loaded.split)
    provenance = {
        **loaded.provenance,
        "seed": args.seed,
        "method": {"scheme": options.scheme, "observer": options.observer, "per_channel": options.per_channel},
    }
    if loaded.notes:
        provenance["notes"] = loaded.notes
    plan = build_plan(loaded.graph, task.ranges, chosen, options)
    trace = export(
        loaded.graph,
        plan,
        loaded.samples[: args.samples],
        ExportOptions(args.expect_limit or None, args.seed, provenance, accuracy),
    )
    return trace, accuracy


def _search(args: argparse.Namespace, loaded: Workload, task: Task) -> Profile:
    if args.profile or args.bits:
        raise BadInput("command line", "--target with --profile or --bits", "one of them")
    if loaded.search is None:
        raise BadInput(
            f"workload '{args.name}'", "--target", "--profile or --bits: there are no labelled samples to search on"
        )
    chosen, report = find_profile(
        task, loaded.search, args.target, args.state_file, args.max_bits, args.max_evaluations
    )
    say(
        f"search: {report['evaluations']} evaluations, relative "
        f"{report['relative_on_search_samples']:.4f} on {report['search_samples']} samples"
    )
    if args.save_profile:
        profile_file.save(args.save_profile, loaded.graph, chosen, report, task.options)
    return chosen
