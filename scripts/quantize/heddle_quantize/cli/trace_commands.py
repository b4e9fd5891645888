# SPDX-License-Identifier: Apache-2.0
"""Subcommands that read traces: verify, stats, diff, convert."""
from __future__ import annotations

import argparse

from heddle_quantize.cli.answer import Answer
from heddle_quantize.base.errors import EXIT_CHECK_FAILED, EXIT_OK
from heddle_quantize.trace import operand_table
from heddle_quantize.trace.check_trace import check_trace
from heddle_quantize.trace.differences import differences
from heddle_quantize.trace.dnnsim import write_dnnsim
from heddle_quantize.trace.recompute import recompute


def counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def verify(args: argparse.Namespace) -> Answer:
    trace = check_trace(args.trace)
    checks = recompute(trace, args.limit)
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
            f"{args.trace.name}: fine; {counted(report['layers'], 'layer')}, "
            f"{counted(report['samples'], 'sample')}, {counted(total, 'accumulator')} recomputed"
        ),
    )


def stats(args: argparse.Namespace) -> Answer:
    rows = operand_table.stats(check_trace(args.trace))
    return EXIT_OK, {"trace": args.trace.name, "layers": rows}, operand_table.table(rows)


def diff(args: argparse.Namespace) -> Answer:
    found = differences(check_trace(args.first), check_trace(args.second))
    code = EXIT_CHECK_FAILED if found else EXIT_OK
    return code, {"differences": found}, "\n".join(found) or "no difference"


def convert(args: argparse.Namespace) -> Answer:
    written = write_dnnsim(check_trace(args.trace), args.out, args.force)
    return EXIT_OK, {"files": written}, "\n".join(written)
