# SPDX-License-Identifier: Apache-2.0
"""scripts/check_layers.py finds what it promises to find: each fault is planted in a small tree of its own."""
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
# Written apart from the names of planted files, which do not exist in this tree.
SIM = "sim"
BASE = "sim/base"
HEAD = "// SPDX-License-Identifier: Apache-2.0\n"
LONG = "{\n" + "  work();\n" * 70 + "}\n"

PLANTS = {
    "an upward include": ("sim/arch/cost.h", '#include "sim/run/count.h"\n', "may include only"),
    "a relative include": ("sim/arch/cost.h", '#include "../run/count.h"\n', "not a path from the root"),
    "an include of a neighbour without its path": ("sim/arch/cost.h", '#include "mapping.h"\n', "not a path from"),
    "SystemC outside of hw": ("sim/base/error.h", "#include <systemc>\n", "SystemC belongs in"),
    "another model": ("models/stripes/stripes.cpp", '#include "models/tartan/tartan.h"\n', "never includes another"),
    "a model named in sim": ("sim/run/verify.cpp", '#include "models/loom/loom.h"\n', "nothing in sim/ but app"),
    "tests in the product": ("sim/run/verify.cpp", '#include "tests/support/values.h"\n', "never includes tests"),
    "a file outside of a room": (f"{SIM}/loose.h", "int x;\n", "lies in no room"),
    "an unknown room": (f"{SIM}/attic/old.h", "int x;\n", "lies in no room"),
    "a file of 401 lines": (f"{BASE}/long.h", "int x;\n" * 401, "lines, at most 400"),
    "a long function": (f"{BASE}/f.cpp", "int f(int a) " + LONG, "a function of 70 lines"),
    "a long function with a default argument": (
        f"{BASE}/f.cpp",
        "int f(int a, int b = 0) " + LONG,
        "a function of 70",
    ),
}


def check(folder):
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "check_layers.py"), str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def plant(folder, place, text):
    (folder / place).parent.mkdir(parents=True, exist_ok=True)
    (folder / place).write_text(HEAD + text)


@pytest.mark.parametrize("name", PLANTS)
def test_a_planted_fault_is_found(tmp_path, name):
    place, text, message = PLANTS[name]
    plant(tmp_path, place, text)
    code, stdout = check(tmp_path)
    assert code == 1
    assert f"{place}" in stdout and message in stdout


def test_a_circle_is_found(tmp_path):
    plant(tmp_path, f"{BASE}/a.h", f'#include "{BASE}/b.h"\n')
    plant(tmp_path, f"{BASE}/b.h", f'#include "{BASE}/a.h"\n')
    code, stdout = check(tmp_path)
    assert code == 1 and f"circle: {BASE}/a.h -> {BASE}/b.h -> {BASE}/a.h" in stdout


def test_a_long_table_is_no_function(tmp_path):
    plant(tmp_path, f"{BASE}/t.cpp", "const int kTable[] = {\n" + "  1,\n" * 70 + "};\n")
    assert check(tmp_path)[0] == 0


def test_this_tree_has_no_fault():
    code, stdout = check(ROOT)
    assert code == 0, stdout
