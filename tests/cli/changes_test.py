# SPDX-License-Identifier: Apache-2.0
"""What `--set` changes is shown by every output: of a run, of a comparison, of a comparison of results."""
import csv
import io
import json

SHAPES = ["--trace", "alexnet-100"]
ROWS = "parameters.rows=4096"
ONE = ["loom_1b", "stripes", *SHAPES, "--set", f"loom_1b:{ROWS}"]


def changes(comparison):
    return [a["changes"] for a in comparison["accelerators"]]


def test_a_run_shows_what_was_changed(heddle):
    arguments = ["run", "loom_1b", *SHAPES, "--set", ROWS, "--set", "clock.frequency_mhz=980"]
    result = json.loads(heddle(*arguments, "--json", "-q")[1])
    assert result["accelerator"]["changes"] == ["clock.frequency_mhz=980", ROWS]
    table = heddle(*arguments)[1]
    assert f"  changed: clock.frequency_mhz=980\n  changed: {ROWS}\n" in table


def test_a_run_of_a_file_as_it_is_shows_no_change(heddle):
    assert "changes" not in json.loads(heddle("run", "loom_1b", *SHAPES, "--json", "-q")[1])["accelerator"]
    assert "changed:" not in heddle("run", "loom_1b", *SHAPES)[1]


def test_every_form_of_a_comparison_shows_what_was_changed_and_of_which_design(heddle):
    assert changes(json.loads(heddle("compare", *ONE, "--json", "-q")[1])) == [[ROWS], []]
    line = f"changed: loom_1b: {ROWS}\n"
    assert line in heddle("compare", *ONE)[1]
    assert line in heddle("compare", *ONE, "-q", "--markdown")[1]
    rows = list(csv.DictReader(io.StringIO(heddle("compare", *ONE, "-q", "--csv")[1])))
    assert {(row["accelerator"], row["changes"]) for row in rows} == {("loom_1b", ROWS), ("stripes", "")}


def test_a_change_of_all_stands_once_with_all_names(heddle):
    out = heddle("compare", "dadn", "stripes", *SHAPES, "--set", "parameters.tiles=4")[1]
    assert out.count("changed: dadn, stripes: parameters.tiles=4\n") == 1


def test_several_changes_share_a_cell(heddle):
    out = heddle("compare", *ONE, "--set", "loom_1b:clock.frequency_mhz=980", "-q", "--csv")[1]
    row = next(csv.DictReader(io.StringIO(out)))
    assert row["changes"] == f"clock.frequency_mhz=980; {ROWS}"


def test_a_result_carries_its_changes_into_a_comparison(heddle, tmp_path):
    folder = tmp_path / "changed"
    assert heddle("run", "loom_1b", *SHAPES, "--set", ROWS, "-q", "--out", folder)[0] == 0
    code, out, err = heddle("compare", "stripes", folder, *SHAPES, "--json", "-q")
    assert code == 0, err
    assert changes(json.loads(out)) == [[], [ROWS]]


def test_a_change_with_line_breaks_takes_one_line_of_a_table(heddle):
    out = heddle("run", "stripes", *SHAPES, "--set", "description=one\ntwo")[1]
    (line,) = [line for line in out.splitlines() if line.startswith("  changed:")]
    assert line.startswith("  changed: description=one") and line.endswith("two")
