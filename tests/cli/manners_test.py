# SPDX-License-Identifier: Apache-2.0
"""Small manners: notes are always there, bandwidth beside its peak, progress, describe by pattern, outputs that
cannot be written are refused before the run."""
import json
import os
import pathlib
import pty
import re
import stat
import subprocess

import jsonschema
import pytest
from conftest import ROOT

DIGITS = ["--trace", "digits-8b"]
DRAM = ["--set", "memory=lpddr4_4267_1mb"]


def result_of(heddle, *arguments):
    code, stdout, stderr = heddle(*arguments, "--json", "-q")
    assert code == 0, stderr
    return json.loads(stdout)


def test_notes_are_always_there(heddle):
    schema = json.loads(heddle("schema", "result")[1])
    assert "notes" in schema["required"]
    plain = result_of(heddle, "run", "dprs", *DIGITS)
    assert plain["notes"] == []
    jsonschema.validate(plain, schema)
    assert result_of(heddle, "run", "stripes", "--trace", "alexnet-100")["notes"]
    assert "notes" in json.loads(heddle("schema", "comparison")[1])["required"]
    comparison = result_of(heddle, "compare", "dadn", "dprs", *DIGITS)
    assert comparison["notes"] == [] and comparison["accelerators"][1]["notes"] == []


def test_an_older_result_without_notes_can_be_compared(heddle, tmp_path):
    plain = result_of(heddle, "run", "dprs", *DIGITS)
    del plain["notes"]
    (tmp_path / "new.json").write_text(json.dumps(plain))
    code, _, stderr = heddle("compare", "dadn", tmp_path / "new.json", *DIGITS)
    assert code == 2 and "'notes'" in stderr.replace("/notes", "'notes'"), stderr
    plain["version"] = [1, 2]
    (tmp_path / "old.json").write_text(json.dumps(plain))
    assert result_of(heddle, "compare", "dadn", tmp_path / "old.json", *DIGITS)["accelerators"][1]["notes"] == []


def test_bandwidth_stands_beside_its_peak(heddle, tmp_path):
    """LPDDR4-4267 x16: a burst of 32 bytes holds the data bus for 8 clocks of 469 ps."""
    result = result_of(heddle, "run", "stripes", *DIGITS, *DRAM)
    off_chip = result["memory"]["off_chip"]
    assert off_chip["peak_bandwidth_gb_per_s"] == pytest.approx(32 / (8 * 0.469))
    moved = off_chip["read_bytes"] + off_chip["written_bytes"]
    assert off_chip["bandwidth_gb_per_s"] == pytest.approx(moved / (1000 * result["totals"]["time_us"]))
    share = off_chip["bandwidth_gb_per_s"] / off_chip["peak_bandwidth_gb_per_s"]
    assert off_chip["bandwidth_fraction_of_peak"] == pytest.approx(share)
    line = "off chip: {:,} bytes, {:.3f} GB/s of {:.3f} ({:.1f} %)".format(
        moved, off_chip["bandwidth_gb_per_s"], off_chip["peak_bandwidth_gb_per_s"], 100 * share
    )
    assert line in heddle("run", "stripes", *DIGITS, *DRAM)[1]
    (tmp_path / "x.trace").write_text("0x0 READ 0\n")
    dram = json.loads(heddle("dram", "lpddr4_4267_8gb_x16", "--trace", tmp_path / "x.trace", "--json")[1])
    assert dram["peak_bandwidth_gb_per_s"] == pytest.approx(off_chip["peak_bandwidth_gb_per_s"])


def test_the_peak_of_other_memories(heddle):
    ideal = {"off_chip": {"kind": "ideal", "bandwidth_mb_per_s": 16000}}
    off_chip = result_of(heddle, "run", "stripes", *DIGITS, "--set", "memory=" + json.dumps(ideal))["memory"][
        "off_chip"
    ]
    assert off_chip["peak_bandwidth_gb_per_s"] == 16
    ideal["off_chip"]["bandwidth_mb_per_s"] = "unlimited"
    for memory in (ideal, {"off_chip": {"kind": "none"}}):
        arguments = ["run", "stripes", *DIGITS, "--set", "memory=" + json.dumps(memory)]
        off_chip = result_of(heddle, *arguments)["memory"]["off_chip"]
        assert "peak_bandwidth_gb_per_s" not in off_chip and "bandwidth_fraction_of_peak" not in off_chip
        assert (off_chip["bandwidth_gb_per_s"] > 0) == (memory is ideal)
        assert "%)" not in heddle(*arguments)[1].splitlines()[-1]


def on_terminal(request, *arguments):
    """Standard error of the program when it is a terminal."""
    program = str(pathlib.Path(request.config.getoption("--program")).resolve())
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [program, *map(str, arguments)], stdout=subprocess.DEVNULL, stderr=theirs, cwd=ROOT
    ) as process:
        os.close(theirs)
        out = b""
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:  # how a terminal without a writer ends
                break
            if not part:
                break
            out += part
        os.close(ours)
        assert process.wait(timeout=120) == 0
    return out.decode()


SLOW_DRAM = ["--trace", "vgg_19-100", *DRAM, "-j", "1"]


def test_progress_goes_on_during_the_seconds_of_the_dram(request, heddle, tmp_path):
    for command in (["run", "stripes"], ["compare", "stripes", "stripes"]):
        said = on_terminal(request, *command, *SLOW_DRAM)
        assert "simulating transfers [" in said, said[-500:]
        assert re.search(r"simulating transfers \[[#.]+\] +\d+ % \d+/\d+ \w+", said)
        assert said.endswith("\r\x1b[K")  # and is cleared
        assert on_terminal(request, *command, *SLOW_DRAM, "-q") == ""
    code, _, stderr = heddle("run", "stripes", *SLOW_DRAM)
    assert code == 0 and "\x1b" not in stderr and "\r" not in stderr
    trace = tmp_path / "x.trace"
    trace.write_text("".join(f"0x{64 * (i * 7919 % (1 << 24)):x} READ {i}\n" for i in range(600000)))
    arguments = ["dram", "ddr4_3200_8gb_x8", "--trace", trace, "--request-bytes", "1024"]
    assert "kB of the trace" in on_terminal(request, *arguments)
    assert on_terminal(request, *arguments, "-q") == ""
    assert heddle(*arguments, "-q")[1:] == ("", "")


def test_progress_changes_no_count(heddle):
    a = heddle("run", "stripes", *DIGITS, *DRAM, "--json")
    assert a[0] == 0 and a == heddle("run", "stripes", *DIGITS, *DRAM, "--json", "-q")


def names(stdout):
    return [line.split()[0] for line in stdout.splitlines() if line.startswith("  ") and not line.startswith("    ")]


def test_describe_takes_a_pattern(heddle):
    code, stdout, stderr = heddle("describe", "stripes", "tiles")
    assert code == 0, stderr
    assert names(stdout) == ["parameters.tiles"] and "source: " in stdout
    assert names(heddle("describe", "stripes", "TILE")[1]) == ["parameters.tiles"]
    found = names(heddle("describe", "stripes", "memory.*_memory.capacity_bytes")[1])
    assert found == ["memory.activation_memory.capacity_bytes", "memory.weight_memory.capacity_bytes"]
    assert "clock.frequency_mhz" in names(heddle("describe", "stripes", "frequency_*")[1])
    assert set(names(heddle("describe", "memory", "latency")[1])) >= {"off_chip.latency_ns"}
    assert names(heddle("describe", "device", "queue_depth")[1])[0].startswith("controller.")
    everything = names(heddle("describe", "stripes", "*")[1])
    assert len(everything) == len(set(everything)) > 30
    events = json.loads(heddle("describe", "tactical", "--json")[1])["events"]
    assert names(heddle("describe", "tactical", "events.*")[1]) == ["events." + e["name"] for e in events]


def test_describe_of_a_configuration_takes_a_pattern(heddle):
    assert heddle("describe", "loom_1b_256", "rows")[1] == "  parameters.rows = 256\n"
    found = json.loads(heddle("describe", "loom_1b_256", "parameters.*", "--json")[1])
    assert (found["format"], found["name"], found["pattern"]) == ("heddle-description", "loom_1b_256", "parameters.*")
    assert {"name": "parameters.rows", "value": 256} in found["keys"]
    assert all(key["name"].startswith("parameters.") for key in found["keys"])


@pytest.mark.parametrize(
    "arguments, text",
    [
        (["stripes", "tils"], "did you mean 'tiles'"),
        (["stripes", "zzzzzzzzzzzzzzzzz"], "no key matches 'zzzzzzzzzzzzzzzzz'; without a pattern all keys"),
        (["loom_1b_256", "rosw"], "did you mean 'rows'"),
        (["strips", "tiles"], "did you mean 'stripes'"),
        (["result", "cycles"], "take no pattern"),
        (["stripes", "tiles", "rows"], "unexpected argument 'rows'; expected at most 2 beside the options"),
    ],
)
def test_a_pattern_that_matches_nothing_is_refused(heddle, arguments, text):
    code, stdout, stderr = heddle("describe", *arguments)
    assert (code, stdout) == (2, "")
    assert text in stderr, stderr


def obstacles(tmp_path):
    (tmp_path / "file").write_text("x")
    closed = tmp_path / "closed"
    closed.mkdir()
    closed.chmod(stat.S_IRUSR | stat.S_IXUSR)
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    out = {
        tmp_path / "file": "is no folder",
        tmp_path / "file" / "below": "cannot make the folder",
        pathlib.Path("/dev/null/x"): "cannot make the folder",
        tmp_path / "dangling": "cannot write into it",
        "": "expected the name of a folder",
    }
    if os.geteuid() != 0:  # who may write anywhere
        out[closed] = "Permission denied"
        out[closed / "below"] = "Permission denied"
    return out


@pytest.mark.parametrize("command", [["run", "stripes"], ["compare", "dadn", "stripes"]])
def test_an_output_folder_that_cannot_be_written_is_refused_before_the_run(heddle, tmp_path, command):
    for out, text in obstacles(tmp_path).items():
        # A trace that is not there shows that nothing was run.
        code, stdout, stderr = heddle(*command, "--trace", "no-such-trace", "--out", out)
        assert (code, stdout) == (2, ""), out
        assert stderr.startswith("heddle: error: --out: "), stderr
        assert text in stderr, stderr
    code, _, stderr = heddle(*command, *DIGITS, "-q", "--out", tmp_path / "a" / "b" / "c")
    assert code == 0, stderr


@pytest.mark.parametrize("option", ["--dram-trace", "--vcd"])
def test_an_output_file_that_cannot_be_written_is_refused_before_the_run(heddle, tmp_path, option):
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "fifo")
    wrong = {
        tmp_path / "missing" / "x": "missing",
        tmp_path / "folder": "is no plain file",
        tmp_path / "fifo": "is no plain file",
        pathlib.Path("/dev/null"): "is no plain file",
        "": "expected the name of a file",
    }
    for file, text in wrong.items():
        code, stdout, stderr = heddle("run", "stripes", "--trace", "no-such-trace", option, file)
        assert (code, stdout) == (2, ""), file
        assert stderr.startswith(f"heddle: error: {option}: "), stderr
        assert text in stderr, stderr
