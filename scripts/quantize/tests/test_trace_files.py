# SPDX-License-Identifier: Apache-2.0
"""Writing, reading and checking traces; every fault a file can have is found."""
from __future__ import annotations

import json
import re
import shutil
import tarfile
from pathlib import Path

import numpy as np
import pytest
from heddle_quantize.base.errors import BadInput
from heddle_quantize.trace import npy, storage
from heddle_quantize.trace.check_trace import check_trace
from heddle_quantize.trace.recompute import recompute
from heddle_quantize.trace.trace import FileNames

from conftest import REPOSITORY

SHIPPED = sorted((REPOSITORY / "traces").glob("*.trace"))
DIGITS = REPOSITORY / "traces" / "digits-8b.trace"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    target = tmp_path / "copy.trace"
    shutil.copytree(DIGITS, target)
    return target


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: p.name)
def test_shipped_traces_hold(path: Path) -> None:
    trace = check_trace(path)
    checks = recompute(trace)
    assert sum(c.checked for c in checks) > 10000
    assert not [c for c in checks if c.wrong]


def test_shipped_traces_stay_small() -> None:
    total = sum(f.stat().st_size for p in SHIPPED for f in p.rglob("*") if f.is_file())
    assert len(SHIPPED) >= 3 and total < 15_000_000


def test_directory_and_tar_hold_the_same(copy: Path, tmp_path: Path) -> None:
    trace = storage.read(copy)
    trace.manifest.pop("files")
    storage.write(trace, tmp_path / "a.tar")
    storage.write(trace, tmp_path / "b.tar")
    assert (tmp_path / "a.tar").read_bytes() == (tmp_path / "b.tar").read_bytes()
    assert storage.read_files(tmp_path / "a.tar") == storage.read_files(DIGITS)
    with tarfile.open(tmp_path / "a.tar") as tar:
        members = tar.getmembers()
    assert members[0].name == "manifest.json"
    assert all(m.offset_data % 512 == 0 for m in members)


def test_write_refuses_to_overwrite(copy: Path) -> None:
    trace = storage.read(copy)
    trace.manifest.pop("files")
    with pytest.raises(BadInput, match="existing"):
        storage.write(trace, copy)
    storage.write(trace, copy, force=True)
    assert storage.read_files(copy) == storage.read_files(DIGITS)
    assert [p.name for p in copy.parent.iterdir()] == ["copy.trace"]


def test_file_names_stay_unique() -> None:
    names = FileNames()
    assert [names.stem(i) for i in ("a/b", "a_b", "a:b", "a/b")] == ["a_b", "a_b_2", "a_b_3", "a_b"]


@pytest.mark.parametrize("dtype", ["|i1", "|u1", "<i2", "<u2", "<i4", "<i8", "<f4", "<f8"])
def test_npy_round_trip(dtype: str) -> None:
    array = np.arange(24, dtype=dtype).reshape(2, 3, 4).transpose(0, 2, 1)
    data = npy.to_bytes(array)
    back = npy.from_bytes(data, "x")
    assert back.dtype.str == dtype and np.array_equal(back, array)
    assert len(data) % 64 == array.nbytes % 64  # data begins at a multiple of 64


@pytest.mark.parametrize(
    "spoil, message",
    [
        (lambda d: d[:-1], "bytes of data"),
        (lambda d: d[:20], "header"),
        (lambda d: b"", "version"),
        (lambda d: d.replace(b"False", b"True "), "C order"),
        (lambda d: d.replace(b"<i4", b"|O8"), "dtype"),
        (lambda d: d.replace(b"(2, 3)", b"(2,-3)"), "shape"),
        (lambda d: d.replace(b"'descr'", b"'descx'"), "header"),
    ],
)
def test_npy_faults_are_refused(spoil, message: str) -> None:
    data = npy.to_bytes(np.zeros((2, 3), "<i4"))
    with pytest.raises(BadInput, match=message):
        npy.from_bytes(spoil(data), "file.npy")


def _edit(copy: Path, change) -> None:
    """Changes the manifest; digests of other files stay right."""
    path = copy / "manifest.json"
    manifest = json.loads(path.read_text())
    change(manifest)
    path.write_text(json.dumps(manifest))
    (copy / "SHA256SUMS").unlink()


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda m: m["layers"][1].update(id="conv1"), "unique id"),
        (lambda m: m["layers"][1].update(index=5), "/layers/1/index"),
        (lambda m: m["layers"][1].update(inputs=["conv9"]), "did you mean"),
        (lambda m: m["layers"][0]["shape"].update(OH=15), "/layers/0/shape/OH"),
        (lambda m: m["layers"][0]["shape"].update(N=2), "/layers/0/shape/N: found 2; expected 1"),
        (lambda m: m["layers"][0]["shape"].pop("C"), "/layers/0/shape: found no C"),
        (lambda m: m["layers"][0]["precision"].update(a_bits=2), "codes"),
        (lambda m: m["layers"][0]["precision"].update(w_bits=2), "codes"),
        (lambda m: m["layers"][0].update(stride=[2, 2]), "/layers/0/shape/OH"),
        (lambda m: m["layers"][0]["operands"].pop(), "/layers/0/operands"),
        (lambda m: m["layers"][0]["operands"][0]["files"].pop(), "one per sample"),
        (lambda m: m["layers"][0]["accumulator"]["expect"].pop(), "one per sample"),
        (lambda m: m["layers"][0]["accumulator"].update(bits=4), "bits"),
        (lambda m: m["layers"][0].pop("bias"), "no layer that uses it"),
        (lambda m: m["network"].update(outputs=["fc3"]), "did you mean 'fc2'"),
        (lambda m: m.update(version=[2, 0]), "/version"),
        (lambda m: m.update(format="other"), "/format"),
        (lambda m: m["files"].pop("tensors/conv1.w.npy"), "does not list"),
        (lambda m: m["layers"][0]["operands"][1]["rep"].update(signed=False), "codes"),
    ],
)
def test_manifest_faults_are_found(copy: Path, change, message: str) -> None:
    _edit(copy, change)
    with pytest.raises(BadInput, match=message):
        check_trace(copy)


def test_the_batch_of_a_shape_may_be_left_out(copy: Path) -> None:
    """As in `heddle`: N is 1 where no layer states it, and every check and recomputation goes on as before."""
    stated = recompute(check_trace(copy))
    _edit(copy, lambda m: [layer["shape"].pop("N", None) for layer in m["layers"]])
    assert "N" not in check_trace(copy).manifest["layers"][0]["shape"]
    assert recompute(check_trace(copy)) == stated


def test_the_example_of_the_trace_format_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (REPOSITORY / "traces" / "FORMAT.md").read_text()
    program = re.search(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert program
    monkeypatch.chdir(tmp_path)
    exec(compile(program.group(1), "FORMAT.md", "exec"), {})  # pylint: disable=exec-used
    trace = check_trace(tmp_path / "two_layers.trace")
    assert [layer["id"] for layer in trace.manifest["layers"]] == ["conv", "flat", "fc"]


def test_schema_faults_are_found(copy: Path) -> None:
    pytest.importorskip("jsonschema")
    _edit(copy, lambda m: m["layers"][0].update(op="convolution"))
    with pytest.raises(BadInput, match="/layers/0/op"):
        check_trace(copy)


def test_duplicate_keys_are_refused(copy: Path) -> None:
    path = copy / "manifest.json"
    path.write_text(path.read_text().replace('"samples": 4', '"samples": 4, "samples": 4'))
    with pytest.raises(BadInput, match="twice"):
        check_trace(copy)


def test_flipped_byte_is_caught(copy: Path) -> None:
    path = copy / "tensors" / "conv2.w.npy"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(BadInput, match="conv2.w.npy"):
        check_trace(copy)


def test_wrong_sums_are_reported() -> None:
    trace = storage.read(DIGITS)
    name = "expect/conv3.acc.s1.npy"
    spoiled = trace.arrays[name].copy()
    spoiled.reshape(-1)[77] += 1
    trace.arrays[name] = spoiled
    wrong = [c for c in recompute(trace) if c.wrong]
    assert [(c.layer, c.sample, c.wrong, c.first_wrong) for c in wrong] == [("conv3", 1, 1, 77)]
