# SPDX-License-Identifier: Apache-2.0
"""Subcommands that read traces: verify, stats, diff, convert."""
from __future__ import annotations

import argparse
from typing import Any

from . import convert_dnnsim, reexec, trace_check, trace_diff, trace_stats
from .errors import EXIT_CHECK_FAILED, EXIT_OK

Answer = tuple[int, dict[str, Any], str]


def verify(args: argparse.Namespace) -> Answer:
    trace = trace_check.check(args.trace)
    checks = reexec.verify(trace, args.limit)
    wrong = [c for c in checks if c.wrong]
    total = sum(c.checked for c in checks)
    report = {
        "trace": args.trace.name,
        "layers": len(trace.manifest["layers"]),
        "samples": trace.manifest["samples"],
        "outputs_checked": total,
        "outputs_wrong": sum(c.wrong for c in checks),
        "wrong": [vars(c) for c in wrong],
    }
    if wrong:
        lines = [
            f"layer '{c.layer}', sample {c.sample}: {c.wrong} of {c.checked} accumulators "
            f"differ, the first at flat index {c.first_wrong}"
            for c in wrong
        ]
        return EXIT_CHECK_FAILED, report, "\n".join(lines)
    return (
        EXIT_OK,
        report,
        (
            f"{args.trace.name}: fine; {report['layers']} layers, "
            f"{report['samples']} samples, {total} accumulators recomputed"
        ),
    )


def stats(args: argparse.Namespace) -> Answer:
    rows = trace_stats.stats(trace_check.check(args.trace))
    return EXIT_OK, {"trace": args.trace.name, "layers": rows}, trace_stats.table(rows)


def diff(args: argparse.Namespace) -> Answer:
    found = trace_diff.diff(trace_check.check(args.first), trace_check.check(args.second))
    code = EXIT_CHECK_FAILED if found else EXIT_OK
    return code, {"differences": found}, "\n".join(found) or "no difference"


def convert(args: argparse.Namespace) -> Answer:
    written = convert_dnnsim.convert(trace_check.check(args.trace), args.out, args.force)
    return EXIT_OK, {"files": written}, "\n".join(written)
