# SPDX-License-Identifier: Apache-2.0
"""docs/results.md holds the tables that the program makes from its descriptions of results.

To update them: /usr/bin/python3 tests/docs/results_test.py build/release/heddle"""
import pathlib
import subprocess
import sys

PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "results.md"
BEGIN = "<!-- made by `heddle describe result`: begin -->\n"
END = "<!-- end -->\n"


def tables(program):
    return subprocess.run([program, "describe", "result"], capture_output=True, text=True, check=True).stdout


def renewed(page, program):
    before, rest = page.split(BEGIN)
    return before + BEGIN + "\n" + tables(program) + "\n" + END + rest.split(END, 1)[1]


def test_the_tables_of_results_are_the_programs(program):
    page = PAGE.read_text()
    assert page == renewed(page, program)


if __name__ == "__main__":
    PAGE.write_text(renewed(PAGE.read_text(), sys.argv[1]))
