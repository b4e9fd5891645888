#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Enforces the import table of scripts/quantize/heddle_quantize, and the limits of size of all Python.

Four checks: a package imports only what the table below allows; no module imports itself through
others, also by imports inside functions; no file is longer than 400 lines; no function is
longer than 60. Prints every offence; exits 1 when there is one. Imports of a name that is computed
(importlib.import_module) cannot be seen; the two that exist load modules of their own package."""
from __future__ import annotations

import ast
import pathlib
import sys
from collections.abc import Iterator

ROOT = pathlib.Path(__file__).resolve().parent.parent
SOURCE = ROOT / "scripts" / "quantize"
PACKAGE = "heddle_quantize"
FILE_LINES, FUNCTION_LINES = 400, 60
PYTHON_FOLDERS = ("scripts", "tests", "configs")

# What a package may import besides itself and heddle_quantize/__init__ (the version).
BASE = {"base"}
NUMBERS = BASE | {"formats"}
MODEL = NUMBERS | {"graph"}
INTEGER = MODEL | {"quantize"}
ALLOWED: dict[str, set[str]] = {
    "": set(),
    "base": set(),
    "formats": BASE,
    "graph": NUMBERS,
    "quantize": MODEL,
    "trace": NUMBERS,  # no graph and no quantize: a trace is checked without the code that wrote it
    "export": INTEGER | {"trace"},
    "ingest.onnx": MODEL,
    "ingest.torch": MODEL | {"ingest.onnx"},
    "ingest.qonnx": INTEGER | {"ingest.onnx"},
    "ingest": INTEGER | {"ingest.onnx", "ingest.torch", "ingest.qonnx"},
    "search": INTEGER,
    "workloads": INTEGER | {"ingest", "ingest.onnx", "ingest.torch", "ingest.qonnx", "search"},
    "cli": INTEGER | {"trace", "export", "ingest", "search", "workloads"},
}
# Packages that load without torch: help, and the commands on traces, must not wait for it.
WITHOUT_TORCH = {"", "base", "trace"}

Imports = dict[str, list[tuple[int, str]]]
"""By module: the line and the full name of everything it imports."""


def module_name(path: pathlib.Path, source: pathlib.Path) -> str:
    parts = list(path.relative_to(source).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(tree: ast.AST, module: str, modules: set[str], is_package: bool) -> Iterator[tuple[int, str]]:
    """Everything imported anywhere in the file; a name of a module counts as that module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                here = module.split(".")
                up = here[: len(here) - node.level + (1 if is_package else 0)]
                base = ".".join(up + ([node.module] if node.module else []))
            for alias in node.names:
                inner = f"{base}.{alias.name}"
                yield node.lineno, inner if inner in modules else base


def read_imports(source: pathlib.Path) -> Imports:
    paths = sorted((source / PACKAGE).rglob("*.py"))
    modules = {module_name(path, source) for path in paths}
    found: Imports = {}
    for path in paths:
        module = module_name(path, source)
        tree = ast.parse(path.read_text())
        found[module] = list(imports_of(tree, module, modules, path.name == "__init__.py"))
    return found


def package_of(module: str) -> str | None:
    """The longest name in the table that holds the module; None if the table lacks it."""
    parts = module.split(".")[1:]
    if not parts:
        return ""
    for length in range(len(parts), 0, -1):
        name = ".".join(parts[:length])
        if name in ALLOWED:
            return name
    return None


def layer_offences(imports: Imports) -> Iterator[str]:
    for module, targets in imports.items():
        package = package_of(module)
        if package is None:
            yield f"{module}: its package is not in the table of scripts/check_python_layers.py"
            continue
        for line, target in targets:
            if target.split(".")[0] == "torch" and package in WITHOUT_TORCH:
                yield f"{module}:{line}: imports {target}: {package} loads without torch"
            if target.split(".")[0] != PACKAGE:
                continue
            other = package_of(target)
            if other not in ALLOWED[package] | {package, ""}:
                allowed = ", ".join(sorted(ALLOWED[package])) or "nothing"
                yield f"{module}:{line}: imports {target}: {package} may import only {allowed}"


def circles(imports: Imports) -> Iterator[str]:
    """Each circle once, found by depth-first search."""
    done: set[str] = set()
    trail: list[str] = []

    def visit(module: str) -> Iterator[str]:
        if module in trail:
            yield " -> ".join([*trail[trail.index(module) :], module]) + ": a circle of imports"
            return
        if module in done:
            return
        trail.append(module)
        for target in sorted({name for _, name in imports[module]}):
            if target in imports and not module.startswith(f"{target}."):  # a package loads before its modules
                yield from visit(target)
        trail.pop()
        done.add(module)

    for module in imports:
        yield from visit(module)


def size_offences(path: pathlib.Path, name: str) -> Iterator[str]:
    text = path.read_text()
    lines = text.count("\n")
    if lines > FILE_LINES:
        yield f"{name}: {lines} lines, more than {FILE_LINES}"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > FUNCTION_LINES:
                yield f"{name}:{node.lineno}: {node.name} has {length} lines, more than {FUNCTION_LINES}"


def main() -> int:
    imports = read_imports(SOURCE)
    found = [*layer_offences(imports), *circles(imports)]
    files = sorted(path for folder in PYTHON_FOLDERS for path in (ROOT / folder).rglob("*.py"))
    for path in files:
        found += size_offences(path, str(path.relative_to(ROOT)))
    for line in found:
        print(line)
    print(f"{len(imports)} modules of {PACKAGE}, {len(files)} Python files, {len(found)} offences")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
