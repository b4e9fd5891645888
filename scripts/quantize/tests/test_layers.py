# SPDX-License-Identifier: Apache-2.0
"""The check of the package's layers, and what it is there for."""
from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from conftest import REPOSITORY


@pytest.fixture
def layers() -> ModuleType:
    spec = importlib.util.spec_from_file_location("layers", REPOSITORY / "scripts" / "check_python_layers.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def package(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / "heddle_quantize" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_an_upward_import_is_found_in_every_form(layers: ModuleType, tmp_path: Path) -> None:
    source = package(
        tmp_path,
        {
            "base/errors.py": "def late():\n    from heddle_quantize.graph import fold\n",
            "graph/fold.py": "from ..base import errors\nimport heddle_quantize.cli.main\n",
            "trace/npy.py": "import torch.fx\n",
            "cellar/wine.py": "",
            "cli/main.py": "",
        },
    )
    found = list(layers.layer_offences(layers.read_imports(source)))
    assert [line.split(": ")[0] for line in found] == [
        "heddle_quantize.base.errors:2",
        "heddle_quantize.cellar.wine",
        "heddle_quantize.graph.fold:2",
        "heddle_quantize.trace.npy:1",
    ]


def test_a_circle_through_a_function_is_found(layers: ModuleType, tmp_path: Path) -> None:
    source = package(
        tmp_path,
        {
            "graph/a.py": "from heddle_quantize.graph import b\n",
            "graph/b.py": "from heddle_quantize.graph.c import x\n",
            "graph/c.py": "def x():\n    from heddle_quantize.graph.a import y\n",
        },
    )
    (circle,) = layers.circles(layers.read_imports(source))
    assert circle.split(": ")[0] == " -> ".join(f"heddle_quantize.graph.{name}" for name in "abca")


def test_sizes(layers: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "long.py"
    path.write_text("def long():\n" + "    pass\n" * 60 + "x = 1\n" * 339)
    assert list(layers.size_offences(path, "f")) == ["f:1: long has 61 lines, more than 60"]
    path.write_text("x = 1\n" * 401)
    assert list(layers.size_offences(path, "f")) == ["f: 401 lines, more than 400"]


def test_traces_are_checked_without_torch() -> None:
    modules = "heddle_quantize.cli.main, heddle_quantize.cli.trace_commands"
    code = f"import sys, {modules}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY / "scripts" / "quantize").returncode == 0
