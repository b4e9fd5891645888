# SPDX-License-Identifier: Apache-2.0
"""Damaged files end in BadInput (exit code 2), never in another error and never in silence."""
from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from heddle_quantize.base.errors import BadInput
from heddle_quantize.ingest.model_source import read_state
from heddle_quantize.ingest.onnx.ingest_onnx import ingest_onnx
from heddle_quantize.trace import storage
from heddle_quantize.trace.check_trace import check_trace
from torch import nn

from conftest import REPOSITORY

ROUNDS = 250


@pytest.fixture
def onnx_bytes(small_net: nn.Module, tmp_path: Path) -> bytes:
    path = tmp_path / "net.onnx"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(small_net, torch.zeros(1, 3, 9, 9), str(path), opset_version=13)
    return path.read_bytes()


def test_truncated_onnx(onnx_bytes: bytes, tmp_path: Path) -> None:
    path = tmp_path / "cut.onnx"
    for length in np.linspace(0, len(onnx_bytes) - 1, 80).astype(int):
        path.write_bytes(onnx_bytes[:length])
        with pytest.raises(BadInput):
            ingest_onnx(path)


def test_flipped_bytes_of_onnx(onnx_bytes: bytes, tmp_path: Path) -> None:
    """A flipped weight may pass; anything else has to be refused in words."""
    path = tmp_path / "bad.onnx"
    rng = np.random.default_rng(0)
    refused = 0
    for _ in range(ROUNDS):
        data = bytearray(onnx_bytes)
        # the head of the file holds the graph, the tail mostly weights
        for at in rng.integers(0, len(data) // 4, 3):
            data[at] = int(rng.integers(256))
        path.write_bytes(bytes(data))
        try:
            ingest_onnx(path)
        except BadInput as err:
            refused += 1
            assert str(path) in str(err) or "node '" in str(err) or "bad" in str(err)
    assert refused > ROUNDS // 4


def test_damaged_states(small_net: nn.Module, tmp_path: Path) -> None:
    np.savez(tmp_path / "s.npz", **{k: v.numpy() for k, v in small_net.state_dict().items()})
    torch.save(small_net.state_dict(), tmp_path / "s.pt")
    rng = np.random.default_rng(1)
    for name in ("s.npz", "s.pt"):
        whole = (tmp_path / name).read_bytes()
        path = tmp_path / f"cut-{name}"
        for length in rng.integers(0, len(whole), 20):
            path.write_bytes(whole[:length])
            with pytest.raises(BadInput):
                read_state(path)


def test_damaged_traces(tmp_path: Path) -> None:
    """Any changed byte of any file is found."""
    files = storage.read_files(REPOSITORY / "traces" / "digits-8b.trace")
    rng = np.random.default_rng(2)
    names = sorted(files)
    for _ in range(ROUNDS // 8):
        name = names[int(rng.integers(len(names)))]
        data = bytearray(files[name])
        at = int(rng.integers(len(data)))
        data[at] ^= 1 << int(rng.integers(8))
        root = tmp_path / "t.trace"
        storage._remove(root)
        storage._write_directory({**files, name: bytes(data)}, root)
        with pytest.raises(BadInput):
            check_trace(root)


def test_random_bytes_are_no_trace(tmp_path: Path) -> None:
    path = tmp_path / "t.tar"
    rng = np.random.default_rng(3)
    for size in (0, 1, 511, 512, 5000):
        path.write_bytes(rng.integers(0, 256, size, np.uint8).tobytes())
        with pytest.raises(BadInput):
            check_trace(path)
