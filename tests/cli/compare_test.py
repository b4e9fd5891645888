# SPDX-License-Identifier: Apache-2.0
"""`heddle compare`: speed-up is in time, what differs is said, changes reach one item, failures stay their own."""
import csv
import io
import json
import math
import re

import jsonschema
import pytest

DIGITS = ["--trace", "digits-8b"]
SHAPES = ["--trace", "alexnet-100"]


def compare(heddle, *arguments, code=0):
    got, stdout, stderr = heddle("compare", *arguments, "--json", "-q")
    assert got == code, stderr
    return json.loads(stdout)


def what_differs(comparison):
    return {d["what"]: d["text"] for d in comparison["differences"]}


def save(heddle, folder, config, *arguments):
    code, stdout, stderr = heddle("run", config, *arguments, "--json", "-q")
    assert code == 0, stderr
    file = folder / f"{config}.json"
    file.write_text(stdout)
    return file


def edit(file, name, change):
    result = json.loads(file.read_text())
    change(result)
    out = file.parent / name
    out.write_text(json.dumps(result))
    return out


def test_speedup_is_in_time_where_clocks_differ(heddle, tmp_path):
    """The same design at 980 and at 200 MHz: fewer MHz never make it faster, whatever the cycles say."""
    args = ["dadn", "stripes", *SHAPES, "--set", "dadn:clock.frequency_mhz=800", "--set"]
    comparison = compare(heddle, *args, "stripes:clock.frequency_mhz=200")
    dadn, stripes = (a["totals"] for a in comparison["accelerators"])
    assert stripes["cycles_ratio"] == pytest.approx(dadn["cycles"] / stripes["cycles"])
    assert stripes["cycles_ratio"] > 1 > stripes["speedup"]
    assert stripes["speedup"] == pytest.approx(stripes["cycles_ratio"] / 4)
    assert stripes["speedup"] == pytest.approx(dadn["time_us"] / stripes["time_us"])
    assert "dadn 800 MHz, stripes 200 MHz" in what_differs(comparison)["clock"]
    for layer in comparison["accelerators"][1]["layers"]:
        assert layer["speedup"] == pytest.approx(layer["cycles_ratio"] / 4)
    stdout = heddle("compare", *args, "stripes:clock.frequency_mhz=200", "-q", "--markdown")[1]
    assert f"{stripes['speedup']:.3f}x" in stdout and "cycles ratio" in stdout


def test_clock_alone(heddle):
    """With a DRAM fewer cycles pass at the slow clock, and still it takes longer."""
    memory = ["--set", "memory=lpddr4_4267_1mb"]
    comparison = compare(heddle, "stripes", "stripes", *DIGITS, *memory, "--set", "2:clock.frequency_mhz=200")
    fast, slow = comparison["accelerators"]
    assert fast["label"] == "stripes (1)" and slow["label"] == "stripes (2)"
    assert slow["totals"]["cycles_ratio"] > 1
    assert slow["totals"]["speedup"] < 1
    assert slow["totals"]["time_us"] == pytest.approx(slow["totals"]["cycles"] / 200)
    assert set(what_differs(comparison)) == {"clock"}


def test_the_slow_clock_is_slower_though_it_takes_fewer_cycles(heddle):
    """At 4.575 GB/s the array at 800 MHz waits for the memory in most cycles, at 200 MHz in few: a ratio of
    cycles calls the slow one 2.17x faster, while its time is 1.84x as long (4 / 2.17)."""
    memory = ["--set", "memory=ideal_16gb_per_s_1mb", "--set", "memory.off_chip.bandwidth_mb_per_s=4575"]
    clocks = ["--set", "1:clock.frequency_mhz=800", "--set", "2:clock.frequency_mhz=200"]
    arguments = ["stripes", "stripes", "--trace", "digits-16b", *memory, *clocks]
    comparison = compare(heddle, *arguments)
    fast, slow = (a["totals"] for a in comparison["accelerators"])
    assert round(slow["cycles_ratio"], 2) == round(fast["cycles"] / slow["cycles"], 2) == 2.17
    assert round(1 / slow["speedup"], 2) == 1.84
    assert slow["speedup"] == pytest.approx((fast["cycles"] / 800) / (slow["cycles"] / 200))
    assert list(what_differs(comparison)) == ["clock"]
    for form in ([], ["--markdown"]):
        stdout = heddle("compare", *arguments, *form)[1]
        totals = {re.split(r" {2,}|\s*\|\s*", line.strip("| "))[0]: line for line in stdout.splitlines()}
        assert "0.543x" in totals["speedup"] and "2.17" not in totals["speedup"], stdout
        assert "2.172x" in totals["cycles ratio"], stdout
    rows = csv.DictReader(io.StringIO(heddle("compare", *arguments, "-q", "--csv")[1]))
    row = [r for r in rows if not r["layer"]][1]
    assert (f"{float(row['speedup']):.3f}", f"{float(row['cycles_ratio']):.3f}") == ("0.543", "2.172")


def test_a_comparison_of_equals_states_no_difference(heddle):
    """Equal peak, memories, fidelity, clock, trace and revision: nothing is said, by run and by result."""
    memory = ["--set", "memory=lpddr4_4267_1mb"]
    comparison = compare(heddle, "dadn", "stripes", *DIGITS, *memory)
    assert comparison["differences"] == [] and comparison["notes"] == [
        "--set memory=lpddr4_4267_1mb applies to every configuration that is run: dadn, stripes"
    ]
    same = [a["peak_macs_per_cycle"] for a in comparison["accelerators"]]
    assert same == [4096, 4096]
    for text in ("differ", "speedup per peak MAC", "cycles ratio"):
        assert text not in heddle("compare", "dadn", "stripes", *DIGITS, *memory)[1]


def test_equal_clocks_have_no_second_ratio(heddle):
    comparison = compare(heddle, "dadn", "stripes", *SHAPES)
    assert all(a["totals"]["speedup"] == pytest.approx(a["totals"]["cycles_ratio"]) for a in comparison["accelerators"])
    table = heddle("compare", "dadn", "stripes", *SHAPES)[1]
    assert "speedup" in table and "cycles ratio" not in table
    assert comparison["differences"] == []


def test_different_peaks_are_said_and_divided_out(heddle):
    """128 against 4,096 products per cycle."""
    comparison = compare(heddle, "dadn", "loom_1b", *SHAPES)
    dadn, loom = comparison["accelerators"]
    assert (dadn["peak_macs_per_cycle"], loom["peak_macs_per_cycle"]) == (4096, 128)
    assert what_differs(comparison)["peak"] == "peak MACs per cycle differ: dadn 4096, loom_1b 128"
    assert loom["totals"]["speedup"] < 1
    assert loom["totals"]["speedup_per_peak_mac"] == pytest.approx(loom["totals"]["speedup"] * 32)
    assert dadn["totals"]["speedup_per_peak_mac"] == 1
    stdout = heddle("compare", "dadn", "loom_1b", *SHAPES)[1]
    assert "peak MACs per cycle differ: dadn 4096, loom_1b 128" in stdout
    assert "speedup per peak MAC" in stdout


def test_peak_of_a_run(heddle):
    stripes = json.loads(heddle("run", "stripes", *SHAPES, "--json", "-q")[1])["array"]
    assert stripes["peak_macs_per_cycle"] == 4096
    assert stripes["peak_tops"] == pytest.approx(2 * 4096 * stripes["frequency_mhz"] / 1e6)
    assert "peak: 4,096 MACs per cycle of 16 x 16 bits" in heddle("run", "stripes", *SHAPES)[1]


@pytest.mark.parametrize("columns, share", [(16, "3x"), ("auto", "0.9375x")])
def test_columns_that_do_not_go_with_the_bits_per_cycle(heddle, columns, share):
    changes = ["--set", "parameters.bits_per_cycle=3", "--set", f"parameters.columns={columns}"]
    code, stdout, stderr = heddle("run", "loom_1b", *SHAPES, *changes)
    assert code == 0, stderr
    assert "columns x bits_per_cycle is" in stdout and f"not 16: {share}" in stdout
    comparison = compare(heddle, "loom_1b", "loom_1b", *SHAPES, *(f"2:{c}" if "=" in c else c for c in changes))
    assert any(share in note for note in comparison["accelerators"][1]["notes"])
    assert not any("bits_per_cycle is" in note for note in comparison["accelerators"][0]["notes"])
    assert "peak" in what_differs(comparison)


def test_memories_and_fidelities_that_differ_are_said(heddle):
    comparison = compare(heddle, "dadn", "stripes", *DIGITS, "--set", "stripes:memory=lpddr4_4267_1mb")
    assert "stripes has one, dadn has none" in what_differs(comparison)["memory"]
    memory = ["--set", "memory=lpddr4_4267_1mb"]
    change = ["--set", "stripes:memory.weight_memory.capacity_bytes=65536"]
    comparison = compare(heddle, "dadn", "stripes", *DIGITS, *memory, *change)
    assert "weight_memory.capacity_bytes" in what_differs(comparison)["memory"]
    comparison = compare(heddle, "dadn", "stripes", *DIGITS, "--set", "stripes:fidelity=bit-true")
    assert what_differs(comparison)["fidelity"] == "fidelities differ: dadn timing, stripes bit-true"


def test_results_of_different_traces_are_refused_unless_allowed(heddle, tmp_path):
    a = save(heddle, tmp_path, "dadn", *DIGITS)
    b = save(heddle, tmp_path, "stripes", *SHAPES)
    code, _, stderr = heddle("compare", a, b)
    assert code == 2 and "traces differ" in stderr and "--allow-different-traces" in stderr
    comparison = compare(heddle, a, b, "--allow-different-traces")
    assert "trace" in what_differs(comparison)
    assert [x["layers"] for x in comparison["accelerators"]] == [[], []]
    assert heddle("compare", a, b, "--allow-different-traces")[0] == 0


def test_values_that_differ_are_the_first_reason_of_a_refusal(heddle, tmp_path):
    """Drawn values make another trace of the same network, and digests tell nobody so."""
    a = save(heddle, tmp_path, "dadn", *SHAPES)
    b = save(heddle, tmp_path, "stripes", *SHAPES, "--values", "synthetic")
    code, _, stderr = heddle("compare", a, b)
    assert code == 2 and "--allow-different-traces" in stderr
    assert stderr.startswith("heddle: error: compare: values differ: dadn none, stripes synthetic"), stderr
    assert stderr.index("values differ") < stderr.index("traces differ")


def test_results_of_different_revisions_are_refused_unless_allowed(heddle, tmp_path):
    a = save(heddle, tmp_path, "dadn", *DIGITS)
    b = edit(a, "old.json", lambda r: r.update(results_revision=1))
    code, _, stderr = heddle("compare", a, b)
    assert code == 2 and "results revisions differ" in stderr and "--allow-different-revisions" in stderr
    assert "results_revision" in what_differs(compare(heddle, a, b, "--allow-different-revisions"))


def test_a_change_reaches_the_item_that_it_names(heddle, tmp_path):
    a = save(heddle, tmp_path, "dadn", *DIGITS)
    refused = {
        "strips:parameters.tiles=4": "did you mean 'stripes'",
        f"{a}:parameters.tiles=4": "is a result",
        "1:parameters.tiles=4": "is a result",
        "3:parameters.tiles=4": "no argument is called",
    }
    for change, text in refused.items():
        code, _, stderr = heddle("compare", a, "stripes", *DIGITS, "--set", change)
        assert code == 2 and text in stderr and change in stderr, stderr
    code, _, stderr = heddle("compare", "stripes", "stripes", *DIGITS, "--set", "stripes:parameters.tiles=4")
    assert code == 2 and "1:parameters.tiles=4" in stderr
    code, _, stderr = heddle("compare", a, a, "--set", "parameters.tiles=4")
    assert code == 2 and "nothing is run" in stderr


def test_a_change_of_all_says_so(heddle, tmp_path):
    a = save(heddle, tmp_path, "dadn", *DIGITS)
    comparison = compare(heddle, "stripes", "dprs", *DIGITS, "--set", "parameters.tiles=4")
    text = "--set parameters.tiles=4 applies to every configuration that is run: stripes, dprs"
    assert comparison["notes"] == [text]
    comparison = compare(heddle, a, "stripes", *DIGITS, "--set", "parameters.tiles=4")
    assert comparison["notes"][0].endswith(f"not to the results {a}")
    table = heddle("compare", "stripes", "dprs", *DIGITS, "--set", "parameters.tiles=4")[1]
    assert text in table


def test_an_item_that_cannot_run_is_named(heddle):
    code, stdout, stderr = heddle("compare", "dadn", "tcle", "stripes", *SHAPES, "-q", "--json")
    assert code == 1 and "could not run tcle" in stderr
    comparison = json.loads(stdout)
    assert [a["name"] for a in comparison["accelerators"]] == ["dadn", "stripes"]
    (failed,) = comparison["failed"]
    assert failed["item"] == "tcle" and failed["trace"] == "alexnet-100" and failed["message"] in stderr
    assert "could not run: tcle" in heddle("compare", "dadn", "tcle", "stripes", *SHAPES)[1]
    assert "the baseline is dadn, because tcle could not run" in heddle("compare", "tcle", "dadn", *SHAPES)[1]
    assert heddle("compare", "tcle", "laconic_128", *SHAPES)[0] == 2


def test_a_waveform_is_of_one_run(heddle, tmp_path):
    file = tmp_path / "x.vcd"
    code, _, stderr = heddle("compare", "dadn", "stripes", *DIGITS, "--fidelity", "bit-true", "--vcd", file)
    assert code == 2 and "--vcd" in stderr and not file.exists()


def test_several_traces_have_a_geometric_mean(heddle):
    comparison = compare(heddle, "dadn", "stripes", "--trace", "digits-8b", "--trace", "alexnet-100")
    (more,) = comparison["more_traces"]
    speedups = [t["accelerators"][1]["totals"]["speedup"] for t in (comparison, more)]
    dadn, stripes = comparison["geometric_mean"]
    assert dadn["speedup"] == 1 and stripes["traces"] == 2
    assert stripes["speedup"] == pytest.approx(math.sqrt(speedups[0] * speedups[1]))
    stdout = heddle("compare", "dadn", "stripes", "--trace", "digits-8b", "--trace", "alexnet-100")[1]
    assert f"{stripes['speedup']:.3f}x" in stdout and "geometric mean" in stdout


def test_a_failure_on_one_trace_stays_there(heddle):
    traces = ["--trace", "digits-8b", "--trace", "alexnet-100"]
    comparison = compare(heddle, "dadn", "tcle", "stripes", *traces, code=1)
    assert [m["traces"] for m in comparison["geometric_mean"]] == [2, 1, 2]
    assert [("speedup" in m, "cycles_ratio" in m) for m in comparison["geometric_mean"]] == [
        (True, True),
        (False, False),
        (True, True),
    ]
    for form in ([], ["-q", "--markdown"]):
        stdout = heddle("compare", "dadn", "tcle", "stripes", *traces, *form)[1]
        assert "no geometric mean of tcle: it ran 1 of 2 traces" in stdout
        (row,) = [line for line in stdout.splitlines() if "tcle" in line and "1 of 2" in line and "ran" not in line]
        assert row.count("-") == 3 and "x" not in row
    rows = list(csv.DictReader(io.StringIO(heddle("compare", "dadn", "tcle", "stripes", *traces, "-q", "--csv")[1])))
    (tcle,) = [row for row in rows if row["network"] == "geometric mean" and row["accelerator"] == "tcle"]
    assert tcle["speedup"] == tcle["cycles_ratio"] == ""
    assert len(comparison["accelerators"]) == 3 and len(comparison["more_traces"][0]["accelerators"]) == 2


def test_a_note_of_several_designs_stands_once_per_trace(heddle):
    stdout = heddle("compare", "dadn", "stripes", "tartan", *DIGITS, *SHAPES)[1]
    assert stdout.count("note (dadn, stripes, tartan): the trace holds shapes and precisions only") == 1
    assert stdout.count("note (dadn, stripes, tartan): cycles follow from shapes and precisions") == 1
    assert "note (dadn):" not in stdout


def test_a_result_is_of_one_trace(heddle, tmp_path):
    a = save(heddle, tmp_path, "dadn", *DIGITS)
    code, _, stderr = heddle("compare", a, "stripes", *DIGITS, *SHAPES)
    assert code == 2 and "a result is of one trace" in stderr


def test_files_of_a_comparison(heddle, tmp_path):
    out = tmp_path / "out"
    code, stdout, stderr = heddle("compare", "dadn", "stripes", *DIGITS, "--out", out)
    assert code == 0 and "comparison.json" in stdout, stderr
    comparison = json.loads((out / "comparison.json").read_text())
    rows = list(csv.DictReader((out / "comparison.csv").open()))
    layers = [x for a in comparison["accelerators"] for x in [*a["layers"], {"name": "", **a["totals"]}]]
    assert len(rows) == len(layers)
    for row, layer in zip(rows, layers):
        assert row["layer"] == layer["name"] and row["network"] == comparison["network"]
        for key, value in layer.items():
            assert key == "name" or float(row[key]) == pytest.approx(value, abs=1e-6)
    assert (out / "comparison.csv").read_text() == heddle("compare", "dadn", "stripes", *DIGITS, "-q", "--csv")[1]
    assert (out / "comparison.md").read_text() == heddle("compare", "dadn", "stripes", *DIGITS, "-q", "--markdown")[1]
    assert heddle("compare", "dadn", "stripes", *DIGITS, "--csv", "--json")[0] == 2


SCHEMA_KINDS = {
    "two": ["dadn", "stripes", *DIGITS],
    "memory": ["dadn", "stripes", *DIGITS, "--set", "stripes:memory=lpddr4_4267_1mb"],
    "traces and failures": ["dadn", "tcle", "stripes", *DIGITS, *SHAPES, "--set", "parameters.tiles=4"],
}


@pytest.mark.parametrize("kind", SCHEMA_KINDS)
def test_comparisons_follow_their_schema(heddle, kind):
    schema = json.loads(heddle("schema", "comparison")[1])
    jsonschema.Draft7Validator.check_schema(schema)
    comparison = json.loads(heddle("compare", *SCHEMA_KINDS[kind], "--json", "-q")[1])
    jsonschema.Draft7Validator(schema).validate(comparison)
    assert comparison["version"] == [1, 2]
    comparison["unknown"] = 1
    assert not jsonschema.Draft7Validator(schema).is_valid(comparison)


BROKEN = {
    "missing": (lambda r: r["totals"].pop("cycles"), "/totals/cycles"),
    "negative": (lambda r: r["layers"][0].update(cycles=-1), "/layers/0/cycles"),
    "text": (lambda r: r["accelerator"].update(name=12), "/accelerator/name"),
    "unknown": (lambda r: r["network"].update(surprise=1), "/network/surprise"),
    "notes": (lambda r: r.update(notes="x"), "/notes"),
    "no clock": (lambda r: r["array"].update(frequency_mhz=0), "/array/frequency_mhz"),
    "no peak": (lambda r: r["array"].pop("peak_macs_per_cycle"), "/array/peak_macs_per_cycle"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_results_are_checked_against_the_schema(heddle, tmp_path, kind):
    change, place = BROKEN[kind]
    a = save(heddle, tmp_path, "dadn", *DIGITS)
    b = edit(a, "broken.json", change)
    code, _, stderr = heddle("compare", a, b)
    assert code == 2 and "broken.json" in stderr and place in stderr, stderr


def test_a_result_without_peak_can_be_compared(heddle, tmp_path):
    def older(result):
        result["version"] = [1, 1]
        del result["array"]["peak_macs_per_cycle"], result["array"]["peak_tops"]

    a = save(heddle, tmp_path, "dadn", *DIGITS)
    comparison = compare(heddle, a, edit(a, "older.json", older))
    assert "unknown" in what_differs(comparison)["peak"]
    assert "speedup_per_peak_mac" not in comparison["accelerators"][1]["totals"]


def test_tables_fit_80_columns(heddle):
    names = ["dadn", "stripes", "dynamic_stripes_2b", "loom_1b", "tartan", "dprs", "pragmatic_2b_1r"]
    code, stdout, stderr = heddle("compare", *names, "--trace", "digits-16b", "--set", "memory=lpddr4_4267_1mb")
    assert code == 0, stderr
    tables = [line for line in stdout.splitlines() if line.startswith(("layer ", "total", "conv", "fc", "---"))]
    assert len(tables) > 20
    assert max(map(len, tables)) <= 80
    for name in names[1:]:
        assert f"{name} speedup" in stdout


def test_csv_of_several_traces(heddle):
    stdout = heddle("compare", "dadn", "stripes", *DIGITS, *SHAPES, "-q", "--csv")[1]
    rows = list(csv.DictReader(io.StringIO(stdout)))
    assert len({row["network"] for row in rows}) == 3
    means = [row for row in rows if row["network"] == "geometric mean"]
    comparison = compare(heddle, "dadn", "stripes", *DIGITS, *SHAPES)
    for row, mean in zip(means, comparison["geometric_mean"], strict=True):
        assert (row["accelerator"], row["layer"], row["values"]) == (mean["label"], "", "trace + none")
        for key in ("speedup", "cycles_ratio", "speedup_per_peak_mac"):
            assert float(row[key]) == pytest.approx(mean[key], abs=1e-6)
        assert row["cycles"] == row["frequency_mhz"] == ""


def test_means_of_synthetic_values_say_so(heddle):
    traces = ["--trace", "alexnet-100", "--trace", "alexnet-99"]
    for values, says in (([], False), (["--values", "synthetic"], True)):
        for form in ([], ["-q", "--markdown"]):
            stdout = heddle("compare", "dadn", "stripes", *traces, *values, *form)[1]
            assert "eometric mean" in stdout and ("eometric mean, synthetic values" in stdout) == says
        rows = list(
            csv.DictReader(io.StringIO(heddle("compare", "dadn", "stripes", *traces, *values, "-q", "--csv")[1]))
        )
        (mean,) = {row["values"] for row in rows if row["network"] == "geometric mean"}
        assert mean.startswith("synthetic:") == says
