# SPDX-License-Identifier: Apache-2.0
"""An error in what `--set` changed is reported at the option, whatever its kind and wherever it is found."""
import json

import pytest

DIGITS = ["--trace", "digits-8b", "-q"]
SYSTEM = "memory=lpddr4_4267_1mb"
DEVICE = "memory.off_chip.device"

# Changes of `run stripes`: the last one is wrong. Beside it what the message says.
RUN = [
    (["parameters.tiles=-1"], "/parameters/tiles: -1 is outside 1 to 1024"),
    (["parameters.tiles=0"], "/parameters/tiles: 0 is outside 1 to 1024 tiles"),
    (["parameters.tiles=x"], "/parameters/tiles: expected a whole number"),
    (["parameters.tiles=1.5"], "found 1.5"),
    (["parameters.tiles=4294967297"], "outside"),
    (["parameters.tiles=99999999999999999999999"], "expected a whole number"),
    (["parameters.tiles=null"], "expected a whole number"),
    (["parameters.tils=1"], "did you mean 'tiles'"),
    (["parameters=3"], "/parameters: expected an object"),
    (['parameters={"tils":1}'], "/parameters/tils: unknown key"),
    (['parameters={"tiles":-1}'], "/parameters/tiles: -1 is outside"),
    (['parameters={"tiles":4,"tiles":5}'], "duplicate key 'tiles'"),
    (["parameters.tiles.x=1"], "neither an object nor the name of a file"),
    (["parameters.pe_width=3"], "/parameters/pe_width: 3 is outside 4 to 16"),
    (["parameters.container_bits=9"], "expected 8 or 16"),
    (["tiles=3"], "/tiles: unknown key"),
    (["modle=x"], "did you mean 'model'"),
    (["model=strips"], "did you mean 'stripes'"),
    (["model=3"], "/model: expected a text"),
    (["version=[2,0]"], "/version: configuration version [2,0]"),
    (["format=x"], "/format: expected one of heddle-accelerator"),
    (["clock.frequency_mhz=x"], "/clock/frequency_mhz: expected a number of MHz"),
    (["clock.frequency_mhz=0"], "0 is outside"),
    (["clock.frequncy=3"], "/clock/frequncy: unknown key"),
    (["mapping.pallet=warp"], "did you mean 'wrap'"),
    (["fidelity=x"], "/fidelity: expected one of timing, bit-true"),
    (["assumptions=[1]"], "/assumptions/0: expected a text"),
    (["extends=dadn"], "/extends: unknown key"),
    (["a..b=1"], "a part of the path is empty"),
    (["a." * 20000 + "a=1"], "more than 64 parts"),
    (["name=" + "[" * 100 + "]" * 100], "nested deeper than 64 levels"),
    (["memory=3"], '/memory: expected "none", the name of a memory file or an object'),
    (["memory=lpddr4_4267_1m"], "did you mean 'lpddr4_4267_1mb'"),
    (["memory=lpddr4_4267_8gb_x16"], "it is the name of a memory device, which the key 'device' takes"),
    ([SYSTEM, f"{DEVICE}=lpddr4_4267_1mb"], "it is the name of a memory system, which the key 'memory' takes"),
    ([SYSTEM, "memory.weight_memory.capacity_bytes=1MB"], "number of bytes or unlimited, found '1MB'"),
    (["memory={}"], "/memory/off_chip: key 'kind' is missing"),
    (["memory.weight_memory.capacity_bytes=65536"], "name a memory system too, such as --set memory="),
    (["memory.off_chip.kind=ideal"], "key 'bandwidth_mb_per_s' is missing"),
    ([SYSTEM, "memory.weight_memory.capacity_bytes=1"], "1 is outside 64 to"),
    ([SYSTEM, "memory.weight_memory.capacity_byte=1"], "did you mean 'capacity_bytes'"),
    ([SYSTEM, "memory.storage=x"], "/memory/storage: expected one of"),
    ([SYSTEM, "memory.off_chip.kind=ideal"], "key 'device' belongs to kind dram"),
    ([SYSTEM, "memory.off_chip.bandwidth_mb_per_s=5"], "key 'bandwidth_mb_per_s' belongs to kind ideal"),
    ([SYSTEM, "memory.extends=x"], "there is no file"),
    ([SYSTEM, f"{DEVICE}=x"], "no shipped memory device of this name"),
    ([SYSTEM, f"{DEVICE}.x=3"], "/x: unknown key"),
    ([SYSTEM, f"{DEVICE}.controller.queue_depth=0"], "/controller/queue_depth: 0 is outside"),
    ([SYSTEM, f"{DEVICE}.controller.ranks=3"], "expected a power of two, found 3"),
    ([SYSTEM, f"{DEVICE}.controller.channels=2"], "/controller/address_map: the address map leaves out field ch"),
    ([SYSTEM, f"{DEVICE}.controller.address_map=ro-co"], "leaves out field ba (bank)"),
    ([SYSTEM, f"{DEVICE}.device.timing_cycles.tRC=1"], "/device/timing_cycles/tRC"),
    ([SYSTEM, f"{DEVICE}.device.timing_cycles.tRAS=200"], "/device/timing_cycles/tRC"),
    ([SYSTEM, f"{DEVICE}.device.organisation.columns=8"], "a row is shorter than a burst"),
    ([SYSTEM, f"{DEVICE}.device.organisation.burst_length=1"], "burst"),
    ([SYSTEM, "memory.weight_memory.capacity_bytes=64"], "layer 'conv1' fits in no blocking"),
    ([SYSTEM, "memory.activation_memory.capacity_bytes=64"], "layer 'conv1' fits in no blocking"),
]


@pytest.mark.parametrize("changes, text", RUN, ids=[f"{i}-{c[-1][:40]}" for i, (c, _) in enumerate(RUN)])
def test_a_run_names_the_option(heddle, tmp_path, changes, text):
    options = [x for change in changes for x in ("--set", change)]
    code, stdout, stderr = heddle("run", "stripes", *DIGITS, *options, "--out", tmp_path / "out")
    assert (code, stdout) == (2, "")
    assert stderr.startswith(f"heddle: error: --set {changes[-1][:80]}"), stderr
    assert text in stderr, stderr
    assert len(stderr) < 1500
    assert not (tmp_path / "out").exists()


# What several keys break together, or what is found only with the trace.
TOGETHER = [
    (["loom_1b", "parameters.fully_connected=cascade", "parameters.pe_width=8"], "composed for fully_connected"),
    (["loom_1b", "parameters.trim_low=true"], "low bits are trimmed with width_rule"),
    (["dprs", "parameters.group_size=17"], "17 is not a multiple of 16"),
    (["dprs", "parameters.columns=1", "parameters.group_size=32"], "a group of 32 values"),
    (["tcle", "parameters.pattern=T<9"], "pattern"),
    (["stripes", "parameters.rows=1", "parameters.pe_width=4"], "cannot compose"),
    (["stripes", "fidelity=bit-true", "parameters.tiles=1024", "parameters.rows=17"], "262144 units"),
]


@pytest.mark.parametrize("arguments, text", TOGETHER, ids=[" ".join(a) for a, _ in TOGETHER])
def test_what_several_keys_break_names_the_options(heddle, arguments, text):
    config, *changes = arguments
    options = [x for change in changes for x in ("--set", change)]
    code, _, stderr = heddle("run", config, "--trace", "digits-16b", "-q", *options)
    assert code == 2
    assert stderr.startswith("heddle: error: --set "), stderr
    assert changes[-1] in stderr.split(": /")[0], stderr
    assert text in stderr, stderr


def test_only_the_options_at_fault_are_named(heddle):
    options = ["--set", "parameters.tiles=4", "--set", SYSTEM, "--set", f"{DEVICE}.controller.channels=2"]
    _, _, stderr = heddle("run", "stripes", *DIGITS, *options, "--set", "clock.frequency_mhz=500")
    assert stderr.startswith(f"heddle: error: --set {DEVICE}.controller.channels=2: "), stderr
    assert "tiles" not in stderr and "frequency" not in stderr


def test_a_fault_of_the_file_stays_there(heddle, tmp_path):
    file = tmp_path / "own.json"
    file.write_text('{"extends": "stripes", "parameters": {"tiles": 0}}')
    code, _, stderr = heddle("run", file, *DIGITS, "--set", "clock.frequency_mhz=500")
    assert code == 2
    assert stderr.startswith(f"heddle: error: {file}:1:"), stderr
    file.write_text('{"extends": "loom_1b", "parameters": {"pe_width": 8, "fully_connected": "cascade"}}')
    code, _, stderr = heddle("run", file, *DIGITS, "--set", "clock.frequency_mhz=500")
    assert code == 2
    assert stderr.startswith(f"heddle: error: {file}:1:"), stderr


def test_the_fidelity_is_named_as_its_option(heddle):
    code, _, stderr = heddle("run", "stripes", *DIGITS, "--fidelity", "bit_true")
    assert code == 2
    assert stderr.startswith("heddle: error: --fidelity bit_true: expected one of timing, bit-true, found 'bit_true'")


DRAM = [
    ("controller.channels=2", "a map that fits"),
    ("controller.queue_depth=0", "outside"),
    ("controller.queue_dept=4", "did you mean 'queue_depth'"),
    ("controller.write_low_watermark=40", "/controller/write_"),
    ("device.timing_cycles.tRCD=x", "expected a whole number"),
    ("device.organisation.rows=3", "/device/organisation/rows"),
    ("version=[3,0]", "/version"),
    ("kind=sram", "/kind"),
]


@pytest.mark.parametrize("change, text", DRAM)
def test_a_dram_names_the_option(heddle, tmp_path, change, text):
    (tmp_path / "x.trace").write_text("0x0 READ 0\n")
    code, _, stderr = heddle("dram", "ddr4_3200_8gb_x8", "--trace", tmp_path / "x.trace", "--set", change)
    assert code == 2
    assert stderr.startswith(f"heddle: error: --set {change}: "), stderr
    assert text in stderr, stderr


SCHEDULE = [
    ("parameters.tiles=-1", "outside"),
    ("parameters.pattern=T<9", "pattern"),
    ("memory.off_chip.kind=x", "/memory/off_chip/kind"),
    ("parameters.container_bits=12", "expected 8 or 16"),
]


@pytest.mark.parametrize("change, text", SCHEDULE)
def test_a_schedule_names_the_option(heddle, change, text):
    code, _, stderr = heddle("schedule", "tcle", "--trace", "digits-16b", "--set", change)
    assert code == 2
    assert stderr.startswith(f"heddle: error: --set {change}: "), stderr
    assert text in stderr, stderr


COMPARE = [
    ("stripes:parameters.tiles=-1", "/parameters/tiles: -1 is outside"),
    ("2:parameters.tils=4", "did you mean 'tiles'"),
    ("stripes:memory=lpddr4_4267_1m", "did you mean 'lpddr4_4267_1mb'"),
    ("stripes:memory.off_chip.kind=ideal", "'bandwidth_mb_per_s' is missing"),
    ("stripes:clock.frequency_mhz=0", "outside"),
]


@pytest.mark.parametrize("change, text", COMPARE)
def test_a_comparison_names_the_option_as_it_was_given(heddle, change, text):
    code, stdout, stderr = heddle("compare", "dadn", "stripes", *DIGITS, "--json", "--set", change)
    assert code == 1
    assert f"could not run stripes on digits-8b: --set {change}: " in stderr, stderr
    assert text in stderr
    (failed,) = json.loads(stdout)["failed"]
    assert failed["message"].startswith(f"--set {change}: ")


def test_a_comparison_of_which_nothing_runs_names_the_option(heddle):
    code, stdout, stderr = heddle("compare", "dadn", "stripes", *DIGITS, "--set", "parameters.tiles=-1")
    assert (code, stdout) == (2, "")
    assert stderr.startswith("heddle: error: --set parameters.tiles=-1: /parameters/tiles: -1 is outside"), stderr


def test_a_text_that_is_not_utf8_is_refused(heddle, tmp_path):
    code, _, stderr = heddle("run", "stripes", *DIGITS, "--set", b"name=\xff".decode("utf-8", "surrogateescape"))
    assert code == 2
    assert stderr.startswith("heddle: error: --set name=\\xff: the text is not valid UTF-8"), stderr


def test_enough_cases():
    assert len(RUN) + len(TOGETHER) + len(DRAM) + len(SCHEDULE) + len(COMPARE) >= 40


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "stripes", "--set", "parameters.tiles=3", "--set", "parameters.tiles=4"],
        ["run", "stripes", "--fidelity", "timing", "--set", "fidelity=bit-true"],
        ["run", "stripes", "--trace", "alexnet-100", "--values", "synthetic", "--set", "values=trace"],
        ["schedule", "tcle", "--trace", "alexnet-100", "--values", "synthetic", "--set", "values=trace"],
        ["compare", "dadn", "stripes", "--set", "1:clock.frequency_mhz=5", "--set", "dadn:clock.frequency_mhz=7"],
    ],
)
def test_a_key_is_changed_once(heddle, arguments):
    code, _, err = heddle(*arguments)
    assert code == 2
    assert "changes the same key; expected one of the two" in err


@pytest.mark.parametrize("option", ["--fidelity", "--values"])
def test_an_empty_value_is_no_value(heddle, option):
    code, _, err = heddle("run", "stripes", option, "")
    assert code == 2
    assert f"{option}: expected a value, found nothing" in err


def test_a_change_of_one_argument_goes_before_that_of_all_in_any_order(heddle):
    own, all_of_them = ["--set", "stripes:clock.frequency_mhz=7"], ["--set", "clock.frequency_mhz=5"]
    first = heddle("compare", "dadn", "stripes", "--trace", "digits-8b", *own, *all_of_them)
    second = heddle("compare", "dadn", "stripes", "--trace", "digits-8b", *all_of_them, *own)
    assert first[0] == second[0] == 0
    assert first[1] == second[1]
    assert "clocks differ: dadn 5 MHz, stripes 7 MHz" in first[1]
    assert "applies to the configurations without a change of their own: dadn\n" in first[1]


def test_a_change_names_an_argument_or_none(heddle):
    code, _, err = heddle("compare", "dadn", "stripes", "--set", ":clock.frequency_mhz=5")
    assert code == 2
    assert "expected the name of an argument before ':'" in err


@pytest.mark.parametrize(
    "change, text",
    [
        ("tiles=4", "did you mean 'parameters.tiles'?"),
        ("frequency_mhz=500", "did you mean 'clock.frequency_mhz'?"),
        ("palet=row", "did you mean 'mapping.pallet'?"),
        ("extends=dadn", "a file says what it extends, an option cannot"),
    ],
)
def test_a_key_without_its_section_is_named_with_it(heddle, change, text):
    code, _, stderr = heddle("run", "stripes", *DIGITS, "--set", change)
    assert code == 2 and text in stderr, stderr
