# SPDX-License-Identifier: Apache-2.0
"""heddle-quantize: trained networks in, traces for the simulator out."""
from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
import traceback
from typing import Any

from heddle_quantize import TOOL
from heddle_quantize.base.errors import EXIT_BAD_INPUT, EXIT_BROKEN_PIPE, EXIT_INTERNAL, HeddleError, nearest
from heddle_quantize.base.progress import Progress
from heddle_quantize.cli import arguments
from heddle_quantize.cli.answer import Answer

OVERVIEW = """examples:
  heddle-quantize inspect vit.onnx
  heddle-quantize profile --model net.py:make --state w.npz --input-shape 3,32,32 \\
      --calib calib.npz --eval labelled.npz --target 0.99 -o profile.json
  heddle-quantize export --model net.py:make --state w.npz --input-shape 3,32,32 \\
      --calib calib.npz --profile profile.json -o net.trace
  heddle-quantize workload resnet20 --bits 8,8 -o resnet20.trace
  heddle-quantize verify net.trace

exit codes: 0 fine, 1 a check failed, 2 bad input or usage, 3 internal error,
  141 the reader of the output went away"""


class Help(argparse.RawDescriptionHelpFormatter):
    """Examples as they are written, and defaults behind the options that have one."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        text = action.help
        if text is None or "default" in text or action.default in (None, False, argparse.SUPPRESS):
            return text
        return f"{text} (default: %(default)s)" if action.option_strings else text


class Parser(argparse.ArgumentParser):
    """Names the nearest valid word when a subcommand or option is unknown."""

    def error(self, message: str) -> Any:
        words = [w for a in self._actions for w in (a.option_strings or list(a.choices or []))]
        for word in sys.argv[1:]:
            hint = nearest(word, words)
            if hint and word not in words:
                message = f"{message} ({hint})"
                break
        self.print_usage(sys.stderr)
        self.exit(EXIT_BAD_INPUT, f"{self.prog}: {message}\n")


def build_parser() -> Parser:
    parser = Parser(
        prog="heddle-quantize",
        description=__doc__,
        epilog=OVERVIEW,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=TOOL)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)

    def add(name: str, summary: str, examples: str, run: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(
            name,
            help=summary,
            description=summary,
            epilog=f"examples:\n{examples}",
            formatter_class=Help,
        )
        sub.add_argument("--json", action="store_true", help="report as JSON on stdout")
        sub.add_argument("-q", "--quiet", action="store_true", help="no progress on stderr")
        sub.set_defaults(run=run)
        return sub

    arguments.register(add)
    return parser


def _call(target: str, args: argparse.Namespace) -> Answer:
    """Imports the subcommand only now: some need torch, which takes seconds to load."""
    module, _, function = target.partition(":")
    answer: Answer = getattr(importlib.import_module(f"{__package__}.{module}"), function)(args)
    return answer


def main(argv: list[str] | None = None) -> int:
    """The program; it ends quietly when the reader of its output closes the pipe."""
    try:
        try:
            return _run(argv)
        finally:
            sys.stdout.flush()  # after --help as well, which ends in SystemExit
    except BrokenPipeError:
        # Python flushes both streams once more when it exits
        with open(os.devnull, "w") as nowhere:
            for stream in (sys.stdout, sys.stderr):
                os.dup2(nowhere.fileno(), stream.fileno())
        return EXIT_BROKEN_PIPE


def _run(argv: list[str] | None) -> int:
    args = build_parser().parse_args(argv)
    Progress.quiet = args.quiet
    try:
        code, report, text = _call(args.run, args)
    except HeddleError as err:
        print(f"heddle-quantize: {err}", file=sys.stderr)
        return err.exit_code
    except BrokenPipeError:
        raise
    except OSError as err:
        print(f"heddle-quantize: {err.filename}: {err.strerror}", file=sys.stderr)
        return EXIT_BAD_INPUT
    except KeyboardInterrupt:
        print("heddle-quantize: interrupted", file=sys.stderr)
        return EXIT_BAD_INPUT
    except Exception:  # noqa: BLE001 - the last line of defence has to name itself
        traceback.print_exc()
        print("heddle-quantize: internal error, please report it", file=sys.stderr)
        return EXIT_INTERNAL
    print(json.dumps(report, indent=1, sort_keys=True) if args.json else text)
    return code
