# SPDX-License-Identifier: Apache-2.0
"""Subcommands that read traces: verify, stats, diff, convert."""
from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import convert_dnnsim, reexec, trace_check, trace_diff, trace_stats
from .errors import EXIT_CHECK_FAILED, EXIT_OK

Answer = tuple[int, dict[str, Any], str]


def register(add: Callable[..., argparse.ArgumentParser]) -> None:
    verify = add("verify", "check a trace: schema, digests, ranges, integer re-execution",
                 "  heddle-quantize verify traces/digits-16b.trace\n"
                 "  heddle-quantize verify --limit 1000 --json big.trace", _verify)
    verify.add_argument("trace", type=Path)
    verify.add_argument("--limit", type=int, metavar="N",
                        help="recompute at most N outputs a layer and sample (default: all stated)")
    stats = add("stats", "widths, zeros and terms of a trace, per layer",
                "  heddle-quantize stats traces/digits-16b.trace", _stats)
    stats.add_argument("trace", type=Path)
    diff = add("diff", "what differs between two traces; exit code 1 if anything does",
               "  heddle-quantize diff old.trace new.trace", _diff)
    diff.add_argument("first", type=Path)
    diff.add_argument("second", type=Path)
    convert = add("convert", "write a trace in a foreign format",
                  "  heddle-quantize convert --to dnnsim digits-16b.trace out/", _convert)
    convert.add_argument("--to", choices=["dnnsim"], required=True)
    convert.add_argument("trace", type=Path)
    convert.add_argument("out", type=Path)
    convert.add_argument("--force", action="store_true", help="overwrite the target's files")


def _verify(args: argparse.Namespace) -> Answer:
    trace = trace_check.check(args.trace)
    checks = reexec.verify(trace, args.limit)
    wrong = [c for c in checks if c.wrong]
    total = sum(c.checked for c in checks)
    report = {"trace": args.trace.name, "layers": len(trace.manifest["layers"]),
              "samples": trace.manifest["samples"], "outputs_checked": total,
              "outputs_wrong": sum(c.wrong for c in checks),
              "wrong": [vars(c) for c in wrong]}
    if wrong:
        lines = [f"layer '{c.layer}', sample {c.sample}: {c.wrong} of {c.checked} accumulators "
                 f"differ, the first at flat index {c.first_wrong}" for c in wrong]
        return EXIT_CHECK_FAILED, report, "\n".join(lines)
    return EXIT_OK, report, (f"{args.trace.name}: fine; {report['layers']} layers, "
                             f"{report['samples']} samples, {total} accumulators recomputed")


def _stats(args: argparse.Namespace) -> Answer:
    rows = trace_stats.stats(trace_check.check(args.trace))
    return EXIT_OK, {"trace": args.trace.name, "layers": rows}, trace_stats.table(rows)


def _diff(args: argparse.Namespace) -> Answer:
    found = trace_diff.diff(trace_check.check(args.first), trace_check.check(args.second))
    code = EXIT_CHECK_FAILED if found else EXIT_OK
    return code, {"differences": found}, "\n".join(found) or "no difference"


def _convert(args: argparse.Namespace) -> Answer:
    written = convert_dnnsim.convert(trace_check.check(args.trace), args.out, args.force)
    return EXIT_OK, {"files": written}, "\n".join(written)
