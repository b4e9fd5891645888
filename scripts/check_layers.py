#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Enforces the include table of docs/architecture.md: who may include whom, who may see SystemC, no include
circle, no file over 400 lines, no function over 60. Every quoted include is a path from the root.

Prints every offending line; exits 1 when there is one."""
import pathlib
import re
import sys

# The checkout that the script lies in, or the folder given.
ROOT = pathlib.Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parent.parent
MOST_LINES = 400
MOST_FUNCTION_LINES = 60

# From the bottom up. A layer may include the layers that its row names, all from rows above it.
CORE = {"base", "kernel", "config", "workload", "trace", "arch"}
RUN = CORE | {"synthetic", "pricing", "result", "dram", "memory", "hw", "run"}
ALLOWED = {
    "base": set(),
    "kernel": {"base"},
    "config": {"base"},
    "workload": {"base", "kernel", "config"},
    "synthetic": {"base", "kernel", "config", "workload"},
    "trace": {"base", "kernel", "config", "workload"},
    "import": {"base", "kernel", "config", "workload", "trace"},
    "arch": CORE - {"arch"},
    "pricing": CORE,
    "result": {"base", "config"},
    "dram": {"base", "config"},
    "memory": CORE | {"result", "dram"},
    "hw": CORE | {"pricing", "result", "dram", "memory"},
    "run": RUN - {"run"},
    "app": RUN | {"import", "models"},
}
MODEL = CORE | {"pricing"}
SYSTEMC_LAYERS = {"hw", "run", "app"}
QUOTED = re.compile(r'^\s*#\s*include\s+"([^"]+)"')
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


def offence(path: pathlib.PurePath, target: str) -> str:
    """Why `path` may not include `target`; empty where it may."""
    layers, model, systemc = allowed_includes(path)
    parts = target.split("/")
    if SYSTEMC.match(target) and not systemc:
        return "SystemC belongs in hw, run, app and the models' hw files"
    if parts[0] == "sim" and parts[1] not in layers:
        return f"may include only {', '.join(sorted(layers))}"
    if parts[0] == "models":
        if model is not None and parts[1] != model:
            return "a model never includes another model"
        if model is None and "models" not in layers:
            return "nothing in sim/ but app names a model"
        if model is None and len(parts) > 2:
            return "app sees the catalogue, no model"
    if parts[0] == "tests":
        return "the product never includes tests"
    return ""


def includes_of(text: str) -> list:
    """(line number, included path) of every include."""
    matches = ((number, INCLUDE.match(line)) for number, line in enumerate(text.splitlines(), 1))
    return [(number, match.group(1)) for number, match in matches if match]


def circles(graph: dict) -> list:
    """Include circles: one line for each edge that closes one."""
    done, found = set(), []

    def visit(file: str, trail: list) -> None:
        if file in trail:
            found.append("circle: " + " -> ".join(trail[trail.index(file) :] + [file]))
            return
        if file in done:
            return
        for target in graph.get(file, []):
            visit(target, trail + [file])
        done.add(file)

    for file in sorted(graph):
        visit(file, [])
    return found


# The start of a table or of another value in braces; a lambda or a default argument is code.
DATA = re.compile(r"= \{$|\w\{$")
TYPE = re.compile(r"^(template <.*> )?(class|struct|union|enum)\b")


def long_functions(text: str) -> list:
    """(line number, lines) of the functions whose bodies have too many lines. Relies on clang-format: members are
    indented by two columns, and the line of a closing brace has the indentation of its declaration."""
    found, indents, declaration = [], [0], ""
    lines = iter(enumerate(text.splitlines(), 1))
    for number, line in lines:
        word = line.split("  // ")[0].strip()
        if not word or word.startswith(("//", "#")):
            continue
        if len(indents) > 1 and line.startswith(" " * indents[-2] + "}"):
            indents.pop()
            declaration = ""
            continue
        declaration = f"{declaration} {word}".strip()
        if declaration.startswith(("namespace ", "}")) or declaration.endswith((";", "}", ":")):
            declaration = ""
        elif declaration.endswith("{"):
            if TYPE.match(declaration):
                indents.append(indents[-1] + 2)
            else:
                end = next((n for n, inner in lines if inner.startswith(" " * indents[-1] + "}")), number)
                if end - number - 1 > MOST_FUNCTION_LINES and not DATA.search(declaration):
                    found.append((number, end - number - 1))
            declaration = ""
    return found


def unrooted_includes(text: str) -> list:
    """(line number, path) of quoted includes that do not start at the root: the table could not judge them."""
    matches = ((number, QUOTED.match(line)) for number, line in enumerate(text.splitlines(), 1))
    return [(n, m.group(1)) for n, m in matches if m and not m.group(1).startswith(("sim/", "models/", "tests/"))]


def sources() -> list:
    """All C++ files, relative to the root."""
    files = []
    for folder in ("sim", "models", "tests"):
        files += [p.relative_to(ROOT) for p in sorted((ROOT / folder).rglob("*")) if p.suffix in (".h", ".cpp")]
    return files


def is_product(path: pathlib.PurePath) -> bool:
    """Whether the include table covers the file: not the tests, and not the catalogue's two headers."""
    return path.parts[0] != "tests" and "tests" not in path.parts and len(path.parts) > 2


def main() -> int:
    found, graph = [], {}
    files = sources()
    for path in files:
        text = (ROOT / path).read_text()
        lines = text.count("\n")
        if lines > MOST_LINES:
            found.append(f"{path}: {lines} lines, at most {MOST_LINES}")
        found += [
            f"{path}:{number}: a function of {length} lines, at most {MOST_FUNCTION_LINES}"
            for number, length in long_functions(text)
        ]
        found += [f"{path}:{n}: includes {target}: not a path from the root" for n, target in unrooted_includes(text)]
        if path.parts[0] == "sim" and (len(path.parts) < 3 or path.parts[1] not in ALLOWED):
            found.append(f"{path}: lies in no room of the include table")
            continue
        included = includes_of(text)
        graph[str(path)] = [target for number, target in included if (ROOT / target).is_file() and target != str(path)]
        if is_product(path):
            found += [
                f"{path}:{number}: includes {target}: {why}"
                for number, target in included
                if (why := offence(path, target))
            ]
    found += circles(graph)
    for line in found:
        print(line)
    print(f"{len(files)} files, {len(found)} offences against the include table")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
