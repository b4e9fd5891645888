# SPDX-License-Identifier: Apache-2.0
"""The trained networks of $HEDDLE_WORKLOADS: goldens, accuracies, exported traces."""
from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from heddle_quantize import cli, trace_check, workloads

# name: options, lowest accuracy (None: there is none), comparisons with goldens
EXPECTED: dict[str, tuple[list[str], float | None, int]] = {
    "mnist-extrasmall": ([], 0.935, 5), "mnist-net5": ([], 0.991, 6), "resnet8": ([], 0.88, 11),
    "mobilenet": ([], 0.7, 29), "cnv": ([], 0.858, 1), "resnet20": (["--bits", "8,8"], 0.90, 1),
    "vit": (["--bits", "10,8"], 0.58, 1), "gpt-sort": (["--bits", "8,8"], 0.99, 9),
    "llm-prefill": (["--bits", "10,8"], -1.50, 1), "llm-decode": (["--bits", "10,8"], -1.50, 1),
    "alexnet-sparse": (["--bits", "9,8"], None, 0),
}


def test_catalogue_is_covered() -> None:
    slow = {"resnet56", "squeezenet", "alexnet-sparse-ft"}
    assert set(EXPECTED) | slow == set(workloads.CATALOGUE)


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_workload(workloads_folder: Path, name: str, tmp_path: Path,
                  capsys: pytest.CaptureFixture[str]) -> None:
    options, floor, comparisons = EXPECTED[name]
    out = tmp_path / "t.trace"
    started = time.monotonic()
    assert cli.main(["workload", name, "-q", "--json", "-o", str(out), *options]) == 0
    assert time.monotonic() - started < 60
    report = json.loads(capsys.readouterr().out)
    assert len(report["golden"]) == comparisons
    assert all(g["wrong"] == 0 and g["compared"] for g in report["golden"])
    if floor is not None:
        assert report["accuracy"]["quantized"] >= floor
    assert cli.main(["verify", "-q", "--json", str(out), "--limit", "300"]) == 0
    assert json.loads(capsys.readouterr().out)["outputs_checked"] > 500
    text = json.dumps(trace_check.check(out).manifest)
    assert str(workloads_folder) not in text and str(tmp_path) not in text


def test_workloads_need_the_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
                                   capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("HEDDLE_WORKLOADS", raising=False)
    assert cli.main(["workload", "cnv", "-o", str(tmp_path / "t")]) == 2
    monkeypatch.setenv("HEDDLE_WORKLOADS", str(tmp_path))
    assert cli.main(["workload", "cnv", "-o", str(tmp_path / "t")]) == 2
    err = capsys.readouterr().err
    assert "HEDDLE_WORKLOADS" in err and "no file" in err
