# SPDX-License-Identifier: Apache-2.0
"""Progress on stderr: a bar on a terminal, otherwise a line every 20 seconds."""
from __future__ import annotations

import sys
import time
from types import TracebackType

LINE_SECONDS = 20.0


class Progress:
    """`with Progress("calibrate", total) as p: p.step()`; `quiet` prints nothing."""

    quiet = False

    def __init__(self, label: str, total: int | None = None) -> None:
        self.label = label
        self.total = total
        self.done = 0
        self._bar = None
        self._last = time.monotonic()
        if not Progress.quiet and sys.stderr.isatty():
            try:
                from tqdm import tqdm

                self._bar = tqdm(total=total, desc=label, file=sys.stderr, leave=False)
            except ImportError:
                pass

    def __enter__(self) -> Progress:
        return self

    def step(self, note: str = "") -> None:
        self.done += 1
        if self._bar is not None:
            if note:
                self._bar.set_postfix_str(note)
            self._bar.update()
        elif not Progress.quiet and time.monotonic() - self._last > LINE_SECONDS:
            self._last = time.monotonic()
            of = f"/{self.total}" if self.total else ""
            print(f"{self.label}: {self.done}{of} {note}".rstrip(), file=sys.stderr, flush=True)

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.close()


def say(text: str) -> None:
    """Prints one line of information on stderr."""
    if not Progress.quiet:
        print(text, file=sys.stderr, flush=True)
