# SPDX-License-Identifier: Apache-2.0
"""Runs the real program: fixtures for its commands and for broken copies of a shipped trace."""
import hashlib
import json
import pathlib
import shutil
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from program import ROOT  # noqa: E402

DIGITS = ROOT / "traces" / "digits-16b.trace"


def pytest_addoption(parser):
    parser.addoption("--program", default=str(ROOT / "build" / "release" / "heddle"), help="the heddle to test")


@pytest.fixture
def heddle(request):
    """Runs the program and returns (exit code, stdout, stderr)."""
    program = str(pathlib.Path(request.config.getoption("--program")).resolve())

    def run(*arguments, timeout=120):
        done = subprocess.run(
            [program, *map(str, arguments)], capture_output=True, text=True, timeout=timeout, cwd=ROOT, check=False
        )
        return done.returncode, done.stdout, done.stderr

    return run


class TraceCopy:
    """A copy of the digits trace to break; digests can be made to fit again."""

    def __init__(self, folder: pathlib.Path):
        self.path = folder / "copy.trace"
        shutil.copytree(DIGITS, self.path)

    def manifest(self) -> dict:
        return json.loads((self.path / "manifest.json").read_text())

    def write_manifest(self, manifest: dict) -> None:
        (self.path / "manifest.json").write_text(json.dumps(manifest, sort_keys=True))

    def edit(self, change) -> "TraceCopy":
        manifest = self.manifest()
        change(manifest)
        self.write_manifest(manifest)
        return self

    def layer(self, change, ident: str = "conv1") -> "TraceCopy":
        return self.edit(lambda m: change(next(x for x in m["layers"] if x["id"] == ident)))

    def replace(self, name: str, data: bytes, fix_digest: bool = True) -> "TraceCopy":
        (self.path / name).write_bytes(data)
        if fix_digest:
            entry = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
            self.edit(lambda m: m["files"].__setitem__(name, entry))
        return self


@pytest.fixture
def trace(tmp_path):
    return TraceCopy(tmp_path)
