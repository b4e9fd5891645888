# SPDX-License-Identifier: Apache-2.0
"""The command as users call it."""
from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from heddle_quantize.base.choices import METRIC_NAMES
from heddle_quantize.cli.main import main
from heddle_quantize.search.metrics import METRICS
from heddle_quantize.trace import storage
from heddle_quantize.trace.check_trace import check_trace

from conftest import REPOSITORY

DIGITS = REPOSITORY / "traces" / "digits-8b.trace"
FACTORY = """
import torch
from torch import nn
def make():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(2, 6, 3), nn.ReLU(), nn.Flatten(), nn.Linear(96, 4))
"""


@dataclass
class Done:
    returncode: int
    stdout: str
    stderr: str


def call(*args: object, env: dict[str, str] | None = None) -> Done:
    """The command in this process: loading torch anew for every call would take minutes."""
    out, err = io.StringIO(), io.StringIO()
    words = [str(a) for a in args]
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), mock.patch.dict(
        os.environ, env or {}
    ), mock.patch("sys.argv", ["heddle-quantize", *words]):
        try:
            code = main(words)
        except SystemExit as stop:
            code = int(stop.code or 0)
    return Done(code, out.getvalue(), err.getvalue())


def test_the_executable() -> None:
    command = str(REPOSITORY / "scripts" / "heddle-quantize")
    done = subprocess.run([command, "verify", str(DIGITS)], capture_output=True, text=True)
    assert done.returncode == 0 and "44456 accumulators" in done.stdout
    assert subprocess.run([command, "verify"], capture_output=True).returncode == 2


@pytest.mark.parametrize("words", [["stats", str(DIGITS)], ["--help"]])
def test_a_reader_that_stops_reading_is_no_error(words: list[str]) -> None:
    read, write = os.pipe()
    os.close(read)
    command = [str(REPOSITORY / "scripts" / "heddle-quantize"), *words]
    done = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, text=True)
    os.close(write)
    assert done.returncode == 141 and done.stderr == ""


def test_metric_names_are_the_metrics() -> None:
    assert sorted(METRICS) == sorted(METRIC_NAMES)


@pytest.fixture
def model(tmp_path: Path) -> list[object]:
    (tmp_path / "net.py").write_text(FACTORY)
    x = np.random.default_rng(0).standard_normal((40, 2, 6, 6)).astype(np.float32)
    np.savez(tmp_path / "xy.npz", x=x, y=(x.mean((1, 2, 3)) > 0).astype(np.int64))
    return ["--model", f"{tmp_path / 'net.py'}:make", "--input-shape", "2,6,6"]


@pytest.mark.parametrize(
    "command", ["", "inspect", "profile", "export", "workload", "verify", "stats", "diff", "convert"]
)
def test_help_has_an_example(command: str) -> None:
    done = call(*([command] if command else []), "--help")
    assert done.returncode == 0 and "examples:" in done.stdout
    assert "heddle-quantize " + command in done.stdout


def test_profile_export_verify(model: list[object], tmp_path: Path) -> None:
    data = tmp_path / "xy.npz"
    done = call(
        "profile",
        *model,
        "--calib",
        data,
        "--eval",
        data,
        "--target",
        "0.9",
        "--json",
        "-o",
        tmp_path / "p.json",
        "--state-file",
        tmp_path / "log",
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["relative_on_search_samples"] >= 0.9 and report["held_out"]["n"] == 20
    again = call(
        "profile",
        *model,
        "--calib",
        data,
        "--eval",
        data,
        "--target",
        "0.9",
        "--json",
        "-o",
        tmp_path / "p2.json",
        "--state-file",
        tmp_path / "log",
    )
    assert json.loads(again.stdout)["evaluations"] == 0  # everything was in the log
    for out in ("a.trace", "b.trace"):
        done = call(
            "export",
            *model,
            "--calib",
            data,
            "--eval",
            data,
            "--profile",
            tmp_path / "p.json",
            "--samples",
            "2",
            "-o",
            tmp_path / out,
        )
        assert done.returncode == 0, done.stderr
    assert call("diff", tmp_path / "a.trace", tmp_path / "b.trace").returncode == 0
    sums = [(tmp_path / out / "SHA256SUMS").read_bytes() for out in ("a.trace", "b.trace")]
    assert sums[0] == sums[1]
    done = call("verify", tmp_path / "a.trace", "--json")
    assert done.returncode == 0 and json.loads(done.stdout)["outputs_wrong"] == 0
    manifest = check_trace(tmp_path / "a.trace").manifest
    assert str(tmp_path) not in json.dumps(manifest)  # nothing of this machine
    assert manifest["accuracy"]["n"] == 20


@pytest.mark.parametrize("content", ["weights", "shapes"])
@pytest.mark.parametrize("scheme", [[], ["--scheme", "symmetric", "--per-channel"]])
def test_traces_with_less_in_them(model: list[object], tmp_path: Path, content: str, scheme: list[str]) -> None:
    done = call(
        "export",
        *model,
        "--calib",
        tmp_path / "xy.npz",
        "--bits",
        "7,6",
        *scheme,
        "--content",
        content,
        "-o",
        tmp_path / "a.trace",
    )
    assert done.returncode == 0, done.stderr
    trace = check_trace(tmp_path / "a.trace")
    assert trace.manifest["samples"] == 0
    kinds = {name.rsplit(".", 2)[1] for name in trace.arrays}
    kept = {"w", "b", "wbits"} | ({"wscale"} if scheme else set())
    assert kinds == (kept if content == "weights" else set())
    assert not [n for n in trace.arrays if ".x." in n or n.startswith("expect/")]
    assert all("a_bits" in la["precision"] for la in trace.manifest["layers"] if "precision" in la)


def test_created_comes_from_the_environment_alone(model: list[object], tmp_path: Path) -> None:
    arguments = ["export", *model, "--calib", tmp_path / "xy.npz", "--bits", "8,8"]
    call(*arguments, "-o", tmp_path / "a.trace", env={"SOURCE_DATE_EPOCH": "86400"})
    manifest = json.loads((tmp_path / "a.trace" / "manifest.json").read_text())
    assert manifest["provenance"]["created"] == "1970-01-02T00:00:00Z"


def test_verify_finds_wrong_sums(tmp_path: Path) -> None:
    trace = storage.read(DIGITS)
    trace.manifest.pop("files")
    trace.arrays["expect/fc2.acc.s0.npy"] = trace.arrays["expect/fc2.acc.s0.npy"] + 1
    storage.write(trace, tmp_path / "w.trace")
    done = call("verify", tmp_path / "w.trace")
    assert done.returncode == 1 and "layer 'fc2', sample 0: 10 of 10" in done.stdout
    done = call("diff", DIGITS, tmp_path / "w.trace")
    assert done.returncode == 1 and "expect/fc2.acc.s0.npy: 10 of 10" in done.stdout


def test_damaged_trace_is_bad_input(tmp_path: Path) -> None:
    shutil.copytree(DIGITS, tmp_path / "d.trace")
    (tmp_path / "d.trace" / "tensors" / "fc1.w.npy").write_bytes(b"x")
    done = call("verify", tmp_path / "d.trace")
    assert done.returncode == 2 and "fc1.w.npy" in done.stderr


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["verfy", "x"], "did you mean 'verify'"),
        (["verify", "/nowhere.trace"], "no such file"),
        (["workload", "resnet21", "-o", "x"], "did you mean 'resnet20'"),
        (["export", "--onnx", "/nowhere.onnx", "--calib", "c.npz", "-o", "t"], "no such file"),
        (["export", "--calib", "c.npz", "-o", "t"], "one of them"),
    ],
)
def test_usage_errors(arguments: list[str], message: str) -> None:
    done = call(*arguments)
    assert done.returncode == 2 and message in done.stderr, done.stderr


@pytest.mark.parametrize(
    "extra, message",
    [
        (["--bits", "8"], "--bits 8"),
        (["--bits", "8,1"], "--bits"),
        (["--bits", "8,8", "--samples", "99"], "1 to 40"),
        ([], "neither --bits nor --profile"),
        (["--bits", "W8B8"], "W8A8"),
        (["--scheme", "fixed", "--per-channel"], "symmetric"),
        (["--profile", "nope.json"], "nope.json"),
    ],
)
def test_bad_export_options(model: list[object], tmp_path: Path, extra: list[str], message: str) -> None:
    done = call("export", *model, "--calib", tmp_path / "xy.npz", "-o", tmp_path / "t", *extra)
    assert done.returncode == 2 and message in done.stderr, done.stderr
    assert not (tmp_path / "t").exists()


def test_bad_samples(model: list[object], tmp_path: Path) -> None:
    for arrays, message in (
        ({"z": np.zeros((2, 2, 6, 6))}, "one called"),
        ({"x": np.zeros((2, 2, 6, 7))}, "shape"),
        ({"x": np.full((2, 2, 6, 6), np.nan)}, "NaN"),
    ):
        np.savez(tmp_path / "c.npz", **arrays)
        done = call("export", *model, "--calib", tmp_path / "c.npz", "--bits", "8,8", "-o", tmp_path / "t")
        assert done.returncode == 2 and message in done.stderr


def test_convert_to_dnnsim(tmp_path: Path) -> None:
    done = call("convert", "--to", "dnnsim", DIGITS, tmp_path)
    assert done.returncode == 0, done.stderr
    rows = (tmp_path / "models" / "digits-8b" / "model.csv").read_text().splitlines()
    assert rows[0] == "conv1,conv,1,1" and rows[-1] == "fc2,fc,1,0" and len(rows) == 7
    lines = (tmp_path / "models" / "digits-8b" / "precision.txt").read_text().splitlines()[1:]
    magnitude, fraction = ([int(v) for v in line.split(";")] for line in lines[2:])
    trace = check_trace(DIGITS)
    for i, row in enumerate(rows):
        name = row.split(",")[0]
        value = np.load(tmp_path / "net_traces" / "digits-8b" / f"wgt-{name}.npy")
        codes = np.rint(value * 2.0 ** fraction[i])
        limit = 2 ** (magnitude[i] + fraction[i] - 1)
        assert np.array_equal(codes, trace.arrays[f"tensors/{name}.w.npy"])
        assert codes.min() >= -limit and codes.max() < limit


def test_stats_agree_with_plain_counting() -> None:
    done = call("stats", DIGITS, "--json")
    rows = {r["layer"]: r for r in json.loads(done.stdout)["layers"]}
    weights = check_trace(DIGITS).arrays["tensors/fc2.w.npy"]
    assert rows["fc2"]["w_zero_percent"] == pytest.approx(100 * (weights == 0).mean())

    def naf(value: int) -> int:
        count = 0
        while value:
            if value & 1:
                value -= 2 - (value & 3)
                count += 1
            value >>= 1
        return count

    terms = np.mean([naf(abs(int(v))) for v in weights.reshape(-1)])
    assert rows["fc2"]["w_terms"] == pytest.approx(float(terms))
