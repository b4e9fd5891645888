# SPDX-License-Identifier: Apache-2.0
"""Shipped names mean the same on the command line, in --set and inside files of any folder; all bad input is reported
before a trace is opened."""
import json
import pathlib
import re
import subprocess

import pytest
from conftest import ROOT

DEVICE = "lpddr4_4267_8gb_x16"
DEVICE_FILE = ROOT / "configs" / "memories" / f"{DEVICE}.json"
SYSTEM = "lpddr4_4267_1mb"
SYSTEM_FILE = ROOT / "configs" / "memory_systems" / f"{SYSTEM}.json"
OBJECT = {"off_chip": {"kind": "dram", "device": DEVICE}, "weight_memory": {"capacity_bytes": 524288}}


@pytest.fixture
def run(request, tmp_path):
    """Runs the program in a folder outside the shipped files."""
    program = str(pathlib.Path(request.config.getoption("--program")).resolve())

    def call(*arguments):
        done = subprocess.run(
            [program, *map(str, arguments)], capture_output=True, text=True, timeout=120, cwd=tmp_path, check=False
        )
        return done.returncode, done.stdout, done.stderr

    return call


def counts(run, *arguments) -> dict:
    code, stdout, stderr = run("run", *arguments, "--trace", "digits-8b", "--json", "-q")
    assert code == 0, stderr
    result = json.loads(stdout)
    return {"totals": result["totals"], "memory": result["accelerator"]["memory"]}


def write(path: pathlib.Path, content) -> pathlib.Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
    return path


def test_a_memory_system_has_one_name_everywhere(run, tmp_path):
    by_path = counts(run, "loom_1b_256", "--set", f"memory={SYSTEM_FILE}")
    assert by_path["memory"]["off_chip"]["kind"] == "dram"
    assert counts(run, "loom_1b_256", "--set", f"memory={SYSTEM}") == by_path
    inside = write(tmp_path / "deep" / "own.json", {"extends": "loom_1b_256", "memory": SYSTEM})
    assert counts(run, inside) == by_path
    extended = write(tmp_path / "deep" / "extended.json", {"extends": "loom_1b_256", "memory": {"extends": SYSTEM}})
    assert counts(run, extended) == by_path
    own_system = write(tmp_path / "deep" / "system.json", {"extends": SYSTEM})
    assert counts(run, "loom_1b_256", "--set", f"memory={own_system}") == by_path


def test_a_device_has_one_name_everywhere(run, tmp_path):
    by_path = counts(run, "stripes", "--set", "memory=" + json.dumps(OBJECT).replace(DEVICE, str(DEVICE_FILE)))
    assert counts(run, "stripes", "--set", "memory=" + json.dumps(OBJECT)) == by_path
    assert counts(run, write(tmp_path / "d" / "own.json", {"extends": "stripes", "memory": OBJECT})) == by_path
    system = write(tmp_path / "d" / "system.json", OBJECT)
    assert counts(run, "stripes", "--set", f"memory={system}") == by_path
    device = write(tmp_path / "d" / "device.json", {"extends": DEVICE})
    for name in (DEVICE, DEVICE_FILE, device):
        assert counts(run, "stripes", "--set", f"memory={system}", "--set", f"memory.off_chip.device={name}") == by_path


def test_the_stand_alone_dram_takes_the_same_names(run, tmp_path):
    (tmp_path / "requests.trace").write_text("0x0 READ 0\n0x1000 WRITE 4\n")
    own = write(tmp_path / "d" / "own.json", {"extends": DEVICE})
    reports = {run("dram", name, "--trace", "requests.trace") for name in (DEVICE, DEVICE_FILE, own)}
    assert len(reports) == 1
    assert next(iter(reports))[0] == 0


def test_schedule_takes_the_names_too(run):
    code, stdout, stderr = run("schedule", "tcle", "--trace", "digits-8b", "--set", f"memory={SYSTEM}")
    assert code == 0, stderr
    assert "metadata bits" in stdout


def test_a_file_at_hand_wins_over_a_shipped_name(run, tmp_path):
    write(tmp_path / "d" / "stripes", {"extends": "dadn", "name": "at_hand"})
    child = write(tmp_path / "d" / "child.json", {"extends": "stripes"})
    code, stdout, _ = run("run", child, "--trace", "digits-8b", "--json", "-q")
    assert code == 0
    assert json.loads(stdout)["accelerator"]["name"] == "at_hand"
    (tmp_path / "d" / "dadn").mkdir()  # a folder of that name is no configuration
    assert run("run", child, "--trace", "digits-8b", "-q")[0] == 0


def test_a_path_names_the_file_at_hand_and_never_a_shipped_one(run, tmp_path):
    for name, called in (("./stripes", "stripes"), ("./stripes.json", "stripes"), (tmp_path / "stripes", None)):
        for command in (["run", name, "--trace", "digits-8b", "-q"], ["schedule", name]):
            code, _, stderr = run(*command)
            assert code == 2 and f"there is no file '{name}'" in stderr, stderr
            assert called is None or f"the shipped configuration is called '{called}'" in stderr, stderr
    code, _, stderr = run("run", "stripes", "--trace", "./digits-8b")
    assert code == 2 and "there is no trace './digits-8b'; the shipped trace is called 'digits-8b'" in stderr
    code, _, stderr = run("run", "stripes", "--trace", "digits-8b", "--set", f"memory=./{SYSTEM}")
    assert code == 2 and f"the shipped memory system is called '{SYSTEM}'" in stderr
    code, _, stderr = run("dram", f"./{DEVICE}", "--trace", "x")
    assert code == 2 and f"the shipped memory device is called '{DEVICE}'" in stderr
    code, _, stderr = run("describe", "./stripes")
    assert code == 2 and "'./stripes'" in stderr
    write(tmp_path / "stripes", {"extends": "dadn", "name": "plain"})
    write(tmp_path / "stripes.json", {"extends": "dadn", "name": "with_ending"})
    write(tmp_path / "papers" / "stripes_micro16" / "stripes.json", {"extends": "dadn", "name": "in_folder"})
    for name, wanted in (
        ("./stripes", "plain"),
        ("./stripes.json", "with_ending"),
        ("stripes.json", "with_ending"),
        ("papers/stripes_micro16/stripes.json", "in_folder"),
    ):
        code, stdout, stderr = run("run", name, "--trace", "digits-8b", "--json", "-q")
        assert code == 0, stderr
        assert json.loads(stdout)["accelerator"]["name"] == wanted
        assert run("describe", name, "--json")[0] == 0


def test_a_folder_of_a_result_goes_before_a_shipped_name(run):
    assert run("run", "dadn", "--trace", "digits-8b", "-q", "--out", "stripes")[0] == 0
    code, stdout, _ = run("compare", "./stripes", "stripes.json", "--trace", "digits-8b", "--json", "-q")
    assert code == 0
    assert [a["name"] for a in json.loads(stdout)["accelerators"]] == ["dadn", "stripes"]


def test_the_documents_example_works_in_a_folder_of_ones_own(run, tmp_path):
    text = (ROOT / "docs" / "configuration.md").read_text().split("## Names of shipped files")[1]
    example = re.search(r"<<'END'\n(.*?)END\n", text, re.DOTALL).group(1)
    (tmp_path / "own.json").write_text(example)
    memory = counts(run, "own.json")["memory"]
    assert memory["off_chip"]["device"]["name"] == "lpddr4_4267_16gb_x16"
    assert memory["weight_memory"]["capacity_bytes"] == 1048576


UNKNOWN = {
    "extends": ({"extends": "strips"}, ["own.json:1:2: /extends", "did you mean 'stripes'"]),
    "memory": ({"extends": "stripes", "memory": "lpddr4_4267_1m"}, ["own.json:1:24: /memory", f"'{SYSTEM}'"]),
    "memory extends": (
        {"extends": "stripes", "memory": {"extends": "lpddr4_4267_1m"}},
        ["own.json:1:35: /memory/extends", f"'{SYSTEM}'"],
    ),
    "device": (
        {"extends": "stripes", "memory": {"off_chip": {"kind": "dram", "device": "lpddr4_4267_8gb_x61"}}},
        ["own.json:1:64: /memory/off_chip/device", f"did you mean '{DEVICE}'"],
    ),
    "a memory system as device": (
        {"extends": "stripes", "memory": {"off_chip": {"kind": "dram", "device": SYSTEM}}},
        ["/memory/off_chip/device", "no shipped memory device of this name"],
    ),
    "a name that leaves the shipped folders": (
        {"extends": "../memories/" + DEVICE},
        ["/extends", "there is no file"],
    ),
    "a name too long for a file": ({"extends": "x" * 5000}, ["/extends", "there is no file"]),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_unknown_names_inside_files_are_located(name, run, tmp_path):
    content, texts = UNKNOWN[name]
    write(tmp_path / "own.json", content)
    code, _, stderr = run("run", "own.json", "--trace", "digits-8b")
    assert code == 2
    for text in texts:
        assert text in stderr, stderr


NO_TRACE = {
    "memory key": (["--set", "memory.off_chip.kind=ideal", "--set", "memory.wieght_memory=1"], "wieght_memory"),
    "memory name": (["--set", "memory=lpddr4_4267_1m"], f"did you mean '{SYSTEM}'"),
    "key of the device": (
        ["--set", f"memory={SYSTEM}", "--set", "memory.off_chip.device.controller.queue_dept=4"],
        "did you mean 'queue_depth'",
    ),
    "array too large": (
        ["--fidelity", "bit-true", "--set", "parameters.tiles=1024", "--set", "parameters.rows=17"],
        "262144 units",
    ),
    "waveform": (["--vcd", "x.vcd"], "bit-true"),
    "fraction that nothing reads": (["--verify-fraction", "0.5"], "nothing is verified"),
    "seed that nothing reads": (["--seed", "1"], "nothing is verified"),
    "tile that nothing reads": (["--vcd-tile", "0"], "--vcd"),
    "form that nothing reads": (["--dram-trace-form", "dramsys"], "--dram-trace"),
    "requests without off-chip memory": (["--dram-trace", "x.trace"], "no off-chip memory"),
}


@pytest.mark.parametrize("name", NO_TRACE)
def test_bad_input_is_reported_though_the_trace_does_not_exist(name, run):
    arguments, text = NO_TRACE[name]
    code, _, stderr = run("run", "stripes", "--trace", "no-such-trace", *arguments)
    assert code == 2
    assert text in stderr, stderr
    assert "no-such-trace" not in stderr


def test_comparing_results_refuses_options_that_nothing_reads(run):
    for name in ("a", "b"):
        assert run("run", "stripes", "--trace", "digits-8b", "-q", "--out", name)[0] == 0
    assert run("compare", "a", "b", "-j", "1")[0] == 0
    for option in (
        ["--trace", "digits-8b"],
        ["--set", "parameters.tiles=4"],
        ["--fidelity", "timing"],
        ["--seed", "0"],
    ):
        code, _, stderr = run("compare", "a", "b", *option)
        assert code == 2
        assert option[0] in stderr and "nothing is run" in stderr


def test_reproduce_lists_each_paper_once(run):
    code, _, stderr = run("reproduce", "nosuch")
    assert code == 2
    names = re.search(r"legal: ([^)]*)", stderr).group(1).split(", ")
    assert len(names) == len(set(names)) == 8


def listed_lines(stdout: str, heading: str) -> list[str]:
    return stdout.split(heading, 1)[1].split("\n\n", 1)[0].splitlines()[1:]


def test_list_says_what_each_configuration_is(run):
    listing = json.loads(run("list", "--json")[1])
    descriptions = listing["descriptions"]
    assert sorted(descriptions) == sorted(listing["configurations"])
    assert all(descriptions.values())
    lines = listed_lines(run("list")[1], "configurations (")
    assert [line.split()[0] for line in lines] == listing["configurations"]
    for line in lines:
        name, text = line.split(None, 1)
        assert len(line) <= 80
        assert text == descriptions[name] or descriptions[name].startswith(text.removesuffix(" ..."))


def test_list_does_not_read_files_at_hand(run, tmp_path):
    before = run("list")
    (tmp_path / "stripes").write_text("{")
    assert run("list") == before


def test_describe_shows_the_values_of_a_configuration(run):
    code, stdout, stderr = run("describe", "loom_1b_256", "--set", "x=1")
    assert code == 2 and "--set" in stderr
    code, stdout, stderr = run("describe", "loom_1b_256")
    assert code == 0, stderr
    shown = json.loads(run("describe", "loom_1b_256", "--json")[1])
    assert stdout.startswith(f"loom_1b_256: {shown['description']}\n")
    assert "a configuration of model loom (heddle describe loom" in stdout
    assert shown["model"] == "loom" and shown["format"] == "heddle-description"
    assert shown["values"]["memory"] == "none" and shown["values"]["fidelity"] == "timing"
    result = json.loads(run("run", "loom_1b_256", "--trace", "digits-8b", "--json", "-q")[1])["accelerator"]
    assert shown["values"]["parameters"] == result["parameters"]
    for key, value in shown["values"]["parameters"].items():
        assert f"\n  parameters.{key} = {json.dumps(value)}" in stdout
    assert re.search(r"\n  mapping\.pallet = \S+  \(default\)\n", stdout)


def test_describe_and_schema_take_every_configuration(run, tmp_path):
    own = write(tmp_path / "own.json", {"extends": "stripes", "memory": SYSTEM, "parameters": {"tiles": 3}})
    shown = json.loads(run("describe", own, "--json")[1])
    assert shown["values"]["memory"] == SYSTEM and shown["values"]["parameters"]["tiles"] == 3
    assert run("schema", own) == run("schema", "stripes")
    # A model and a configuration of one name: the model, and how to see the other.
    stdout = run("describe", "stripes")[1]
    assert stdout.endswith("\nheddle describe stripes.json shows the configuration stripes\n")
    assert run("describe", "stripes.json")[1].startswith("stripes.json: Stripes: ")
    for name in json.loads(run("list", "--json")[1])["configurations"]:
        if name in ("stripes", "dadn", "dprs", "tartan"):
            continue
        code, stdout, stderr = run("describe", name)
        assert code == 0 and "a configuration of model" in stdout, stderr
    assert json.loads(run("schema", "papers/loom_dac18/loom_1b")[1])["properties"]["model"] == {"const": "loom"}
    (tmp_path / "broken.json").write_text('{"extends": "stripes", "modle": 1}')
    code, _, stderr = run("describe", "broken.json")
    assert code == 2 and "broken.json:1:24: /modle" in stderr


def test_a_configuration_keeps_the_model_of_its_base(run, tmp_path):
    """A model would read the tiles of another as its own."""
    write(tmp_path / "own.json", {"extends": "stripes", "model": "loom"})
    code, _, stderr = run("run", "own.json", "--trace", "digits-8b")
    assert code == 2
    assert "own.json:1:24: /model: found 'loom'" in stderr and "one of model 'stripes'" in stderr, stderr
    write(tmp_path / "next.json", {"extends": "own.json", "name": "next"})
    assert run("run", "next.json", "--trace", "digits-8b")[2] == stderr
    assert counts(run, write(tmp_path / "same.json", {"extends": "stripes", "model": "stripes"}))


def test_what_a_base_says_of_itself_is_marked_as_such(run, tmp_path):
    """A size of one's own was published nowhere."""

    def described(name):
        shown = json.loads(run("describe", name, "--json")[1])
        return shown["description"], shown["source"]

    description, source = described("stripes.json")
    write(tmp_path / "small.json", {"extends": "stripes", "name": "small", "parameters": {"tiles": 4}})
    assert described("small.json") == (f"derived from stripes: {description}", f"derived from stripes: {source}")
    write(tmp_path / "least.json", {"extends": "small.json", "description": "one tile", "parameters": {"tiles": 1}})
    assert described("least.json") == ("one tile", f"derived from small: derived from stripes: {source}")
    write(tmp_path / "own.json", {"extends": "stripes", "source": "", "description": 3})
    code, _, stderr = run("describe", "own.json")
    assert code == 2 and "/description: expected a text" in stderr


def test_no_shipped_configuration_takes_its_text_from_a_base(run):
    for name in json.loads(run("list", "--json")[1])["configurations"]:
        shown = json.loads(run("describe", name + ".json", "--json")[1])
        assert shown["source"] and "derived from" not in shown["source"] + shown["description"], name
