# SPDX-License-Identifier: Apache-2.0
"""The catalogue of $HEDDLE_WORKLOADS; tests/workloads exports and runs its networks."""
from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import REPOSITORY
from heddle_quantize.cli.main import main
from heddle_quantize.workloads import catalogue

CASES = REPOSITORY / "tests" / "workloads" / "cases.json"


def test_every_workload_is_tested() -> None:
    """tests/workloads exports each, holds it against its goldens and runs it."""
    assert set(json.loads(CASES.read_text())) == set(catalogue.CATALOGUE)


def test_workloads_need_the_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("HEDDLE_WORKLOADS", raising=False)
    assert main(["workload", "cnv", "-o", str(tmp_path / "t")]) == 2
    monkeypatch.setenv("HEDDLE_WORKLOADS", str(tmp_path))
    assert main(["workload", "cnv", "-o", str(tmp_path / "t")]) == 2
    err = capsys.readouterr().err
    assert "HEDDLE_WORKLOADS" in err and "no file" in err
