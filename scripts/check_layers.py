#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Enforces the include table of docs/architecture.md: who may include whom, and who may see SystemC.

Prints every offending line; exits 1 when there is one."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
CORE = {"base", "kernel", "config", "workload", "arch", "result", "energy"}
RUN = CORE | {"hw", "run"}
ALLOWED = {
    "base": set(),
    "kernel": {"base"},
    "config": {"base"},
    "workload": {"base", "kernel", "config"},
    "arch": {"base", "kernel", "config", "workload"},
    "result": {"base", "config"},
    "energy": {"base", "config", "arch", "result"},
    "hw": {"base", "kernel", "config", "workload", "arch", "result"},
    "run": RUN - {"run"},
    "report": RUN,
    "sweep": RUN,
    "app": RUN | {"report", "sweep", "models"},
}
MODEL = {"base", "kernel", "config", "workload", "arch"}
SYSTEMC_LAYERS = {"hw", "run", "app"}
INCLUDE = re.compile(r'^\s*#\s*include\s+[<"]([^>"]+)[>"]')
SYSTEMC = re.compile(r"^(systemc|tlm|sysc)\b")


def allowed_includes(path: pathlib.PurePath) -> tuple:
    """What a file may include: (layers, its own model or None, whether SystemC)."""
    parts = path.parts
    if parts[0] == "sim":
        layer = parts[1]
        return ALLOWED[layer] | {layer}, None, layer in SYSTEMC_LAYERS
    hardware = len(parts) > 3 and parts[2] == "hw"
    return MODEL | ({"hw"} if hardware else set()), parts[1], hardware


def offences(path: pathlib.PurePath, text: str) -> list:
    layers, model, systemc = allowed_includes(path)
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        target = match.group(1)
        parts = target.split("/")
        wrong = None
        if SYSTEMC.match(target) and not systemc:
            wrong = "SystemC belongs in hw, run, app and the models' hw files"
        elif parts[0] == "sim" and parts[1] not in layers:
            wrong = f"may include only {', '.join(sorted(layers))}"
        elif parts[0] == "models":
            if model is not None and parts[1] != model:
                wrong = "a model never includes another model"
            if model is None and "models" not in layers:
                wrong = "nothing in sim/ but app names a model"
            if model is None and len(parts) > 2:
                wrong = "app sees the catalogue, no model"
        elif parts[0] == "tests":
            wrong = "the product never includes tests"
        if wrong:
            found.append(f"{path}:{number}: includes {target}: {wrong}")
    return found


def main() -> int:
    found, files = [], 0
    for folder in ("sim", "models"):
        for path in sorted((ROOT / folder).rglob("*")):
            relative = path.relative_to(ROOT)
            in_model_tests = relative.parts[0] == "models" and "tests" in relative.parts
            if path.suffix not in (".h", ".cpp") or in_model_tests or len(relative.parts) < 3:
                continue
            files += 1
            found += offences(relative, path.read_text())
    for line in found:
        print(line)
    print(f"{files} files, {len(found)} offences against the include table")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
