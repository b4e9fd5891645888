# SPDX-License-Identifier: Apache-2.0
"""The log of a search's evaluations, from which an interrupted search resumes."""
from __future__ import annotations

import hashlib
import json
from pathlib import Path

from heddle_quantize.base.errors import BadInput


class EvaluationLog:
    """Scores by width vector, appended to a file as they come in."""

    def __init__(self, path: Path | None, identity: str) -> None:
        self.path = path
        self.scores: dict[str, float] = {}
        if path is None:
            return
        if path.exists():
            self._load(path, identity)
        else:
            path.write_text(json.dumps({"search": identity}) + "\n")

    def _load(self, path: Path, identity: str) -> None:
        lines = path.read_text().splitlines()
        try:
            head = json.loads(lines[0])["search"] if lines else None
        except (json.JSONDecodeError, KeyError, TypeError):
            head = None
        if head != identity:
            raise BadInput(
                str(path),
                "the log of another search (model, data or options differ)",
                "its own log file",
                "remove it or name another --state-file",
            )
        for line in lines[1:]:
            try:
                entry = json.loads(line)
                self.scores[entry["bits"]] = float(entry["score"])
            except (json.JSONDecodeError, KeyError, ValueError):
                break  # the line that was being written when the search was stopped

    def put(self, key: str, score: float) -> None:
        self.scores[key] = score
        if self.path is not None:
            with self.path.open("a") as out:
                out.write(json.dumps({"bits": key, "score": score}) + "\n")


def identity_of(*parts: object) -> str:
    """A digest of everything the scores depend on."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()
