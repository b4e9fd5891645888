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
import onnx
import onnx.helper
import pytest
import torch
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
@pytest.mark.parametrize("scheme", [["--scheme", "fixed"], []])
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
    kept = {"w", "b", "wbits"} | (set() if scheme else {"wscale"})
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


@pytest.mark.parametrize("text, widths", [("8,4", (8, 4)), ("W4A8", (8, 4)), ("a8w4", (8, 4)), ("w8a16", (16, 8))])
def test_widths_as_people_write_them(text: str, widths: tuple[int, int], model: list[object], tmp_path: Path) -> None:
    args = [
        "export",
        *model,
        "--calib",
        tmp_path / "xy.npz",
        "--bits",
        text,
        "-o",
        tmp_path / "t.trace",
        "--json",
        "-q",
    ]
    done = call(*args)
    assert done.returncode == 0, done.stderr
    layer = next(la for la in check_trace(tmp_path / "t.trace").manifest["layers"] if "precision" in la)
    assert (layer["precision"]["a_bits"], layer["precision"]["w_bits"]) == widths
    assert json.loads(done.stdout)["quality"]["output_sqnr_db"] > 10


def test_the_file_without_an_option(model: list[object], tmp_path: Path) -> None:
    named = call("inspect", *model, "--json")
    factory = str(model[model.index("--model") + 1])
    rest = [a for a in model if a not in ("--model", factory)]
    assert json.loads(call("inspect", factory, *rest, "--json").stdout) == json.loads(named.stdout)
    assert "one network" in call("inspect", factory, *model).stderr


def test_inspect_fits_a_terminal(model: list[object]) -> None:
    with mock.patch.dict(os.environ, {"COLUMNS": "80"}):
        lines = call("inspect", *model).stdout.splitlines()
    assert lines[0].split() == ["name", "operation", "output", "weights", "products"] and max(map(len, lines)) <= 80
    # (4 * 4 positions * 6 filters * 2 * 3 * 3) + (96 * 4)
    assert lines[-1] == "2 array operations, 2,112 products, 1 output"


def test_samples_and_labels_in_other_forms(model: list[object], tmp_path: Path) -> None:
    with np.load(tmp_path / "xy.npz") as data:
        x, y = data["x"], data["y"]
    np.save(tmp_path / "x.npy", x)
    np.savez(tmp_path / "hot.npz", x=x, y=np.eye(4)[y.astype(int) % 4])
    np.savez(tmp_path / "plain.npz", x=x, y=y.astype(int) % 4)
    reports = []
    for name in ("hot.npz", "plain.npz"):
        args = ["--calib", tmp_path / "x.npy", "--eval", tmp_path / name, "--bits", "8,8", "--force", "--json", "-q"]
        done = call("export", *model, *args, "-o", tmp_path / "t.trace")
        assert done.returncode == 0, done.stderr
        reports.append(json.loads(done.stdout)["accuracy"])
    assert reports[0] == reports[1] and reports[0]["split"] == "all of --eval" and reports[0]["n"] == len(x)


def test_checkpoints(model: list[object], tmp_path: Path) -> None:
    """Names with a wrapper's prefix, inside a dictionary that counts epochs."""
    made: dict[str, object] = {}
    exec(FACTORY, made)
    state = made["make"]().state_dict()  # type: ignore[operator]
    torch.save({"epoch": 3, "model": {f"module.{k}": v for k, v in state.items()}}, tmp_path / "c.pt")
    torch.save({"hook": print}, tmp_path / "code.pt")
    factory = model[: model.index("--model") + 2]
    rest = ["--input-shape", "2,6,6"]
    assert call("inspect", *factory, *rest, "--state", tmp_path / "c.pt").returncode == 0
    refused = call("inspect", *factory, *rest, "--state", tmp_path / "code.pt")
    assert refused.returncode == 2 and "weights_only" not in refused.stderr and "tensors" in refused.stderr


def test_shapes_without_weights_or_samples(tmp_path: Path) -> None:
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("Conv", ["x", "w"], ["y"], name="c" * 300, pads=[1, 1, 1, 1])],
        "g",
        [onnx.helper.make_tensor_value_info("x", 1, ["n", 8, 32, 32])],
        [onnx.helper.make_tensor_value_info("y", 1, None)],
        [onnx.TensorProto(name="w", data_type=1, dims=[16, 8, 3, 3])],
    )
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 13)])
    (tmp_path / "n.onnx").write_bytes(model.SerializeToString())
    assert "1,179,648 products" in call("inspect", tmp_path / "n.onnx").stdout
    args = ["export", tmp_path / "n.onnx", "--bits", "8,8", "-o", tmp_path / "t.trace"]
    assert "no values" in call(*args).stderr
    assert call(*args, "--content", "shapes").returncode == 0
    layer = check_trace(tmp_path / "t.trace").manifest["layers"][0]
    assert layer["id"] == "c" * 300 and layer["shape"]["OH"] == 32
