# SPDX-License-Identifier: Apache-2.0
"""docs/results.md holds the tables that the program makes from its descriptions of results.

To update them: /usr/bin/python3 tests/docs/results_test.py build/release/heddle"""
import pathlib
import subprocess
import sys

PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "results.md"
NAMES = ("result", "comparison")
END = "<!-- end -->\n"


def tables(program, name):
    return subprocess.run([program, "describe", name], capture_output=True, text=True, check=True).stdout


def renewed(page, program):
    for name in NAMES:
        begin = f"<!-- made by `heddle describe {name}`: begin -->\n"
        before, rest = page.split(begin)
        page = before + begin + "\n" + tables(program, name) + "\n" + END + rest.split(END, 1)[1]
    return page


def test_the_tables_of_results_are_the_programs(program):
    page = PAGE.read_text()
    assert page == renewed(page, program)


if __name__ == "__main__":
    PAGE.write_text(renewed(PAGE.read_text(), sys.argv[1]))
