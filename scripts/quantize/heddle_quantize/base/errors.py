# SPDX-License-Identifier: Apache-2.0
"""Errors that say what a user needs to correct the input, and their exit codes."""
from __future__ import annotations

import difflib
from collections.abc import Iterable

EXIT_OK = 0
EXIT_CHECK_FAILED = 1
EXIT_BAD_INPUT = 2
EXIT_INTERNAL = 3
EXIT_BROKEN_PIPE = 141  # what a shell reports for a program that SIGPIPE ended


class HeddleError(Exception):
    """Base of the errors that end the program with a message instead of a traceback."""

    exit_code = EXIT_INTERNAL


class BadInput(HeddleError):
    """The input cannot be used; the message says where, what was found and what was expected."""

    exit_code = EXIT_BAD_INPUT

    def __init__(self, where: str, found: str, expected: str, hint: str = "") -> None:
        self.where = where
        self.found = found
        self.expected = expected
        self.hint = hint
        tail = f" ({hint})" if hint else ""
        super().__init__(f"{where}: found {found}; expected {expected}{tail}")


class CheckFailed(HeddleError):
    """A comparison came out unequal."""

    exit_code = EXIT_CHECK_FAILED


def nearest(name: str, valid: Iterable[str]) -> str:
    """A hint with the valid name that looks most like `name`, or an empty string."""
    close = difflib.get_close_matches(name, list(valid), n=1, cutoff=0.4)
    return f"did you mean '{close[0]}'?" if close else ""


def unknown_name(where: str, kind: str, name: str, valid: Iterable[str]) -> BadInput:
    """The error for a name that is not in a closed list."""
    names = sorted(valid)
    return BadInput(where, f"unknown {kind} '{name}'", f"one of {', '.join(names)}", nearest(name, names))
