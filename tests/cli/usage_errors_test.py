# SPDX-License-Identifier: Apache-2.0
"""Bad configurations and bad command lines: a clear error that names the place, what was found and what is expected,
exit code 2, nothing written. Run under the sanitizers as well."""
import json

import pytest


def write(folder, name, value):
    path = folder / name
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    return path


IDEAL = {"off_chip": {"kind": "ideal", "bandwidth_mb_per_s": 16000}}
DEVICE = {"extends": "lpddr4_4267_8gb_x16"}
GOOD = {"format": "heddle-accelerator", "version": [1, 0], "name": "mine", "model": "stripes"}

CONFIGS = {
    "not JSON": ("{,}", ["c.json:1:2", "not valid JSON"]),
    "empty file": ("", ["not valid JSON"]),
    "a list": ([1], ["expected a JSON object"]),
    "unknown key": ({**GOOD, "modle": "x"}, ["/modle", "did you mean 'model'"]),
    "duplicate key": ('{"name": "a",\n "name": "b"}', ["c.json:2:2", "duplicate key 'name'"]),
    "unknown model": ({**GOOD, "model": "strips"}, ["/model", "did you mean 'stripes'"]),
    "model missing": ({k: v for k, v in GOOD.items() if k != "model"}, ["'model' is missing"]),
    "another format": ({**GOOD, "format": "heddle-trace"}, ["/format"]),
    "newer version": ({**GOOD, "version": [2, 0]}, ["/version", "[2,0]"]),
    "unknown parameter": ({**GOOD, "parameters": {"tils": 4}}, ["/parameters/tils", "did you mean 'tiles'"]),
    "parameter of the wrong type": ({**GOOD, "parameters": {"tiles": "4"}}, ["/parameters/tiles", "whole number"]),
    "parameter zero": ({**GOOD, "parameters": {"tiles": 0}}, ["/parameters/tiles", "outside 1 to"]),
    "parameter negative": ({**GOOD, "parameters": {"tiles": -3}}, ["outside"]),
    "parameter beyond 32 bits": ({**GOOD, "parameters": {"tiles": 2**32 + 16}}, ["outside"]),
    "parameter beyond 64 bits": ({**GOOD, "parameters": {"tiles": 10**40}}, ["/parameters/tiles"]),
    "parameter infinite": ('{"format": "heddle-accelerator", "clock": {"frequency_mhz": 1e999}}', ["not valid JSON"]),
    "parameters a list": ({**GOOD, "parameters": []}, ["/parameters", "expected an object"]),
    "mapping misspelt": ({**GOOD, "mapping": {"pallet": "warp"}}, ["/mapping/pallet", "did you mean 'wrap'"]),
    "frequency a text": ({**GOOD, "clock": {"frequency_mhz": "1 GHz"}}, ["/clock/frequency_mhz", "number of MHz"]),
    "frequency zero": ({**GOOD, "clock": {"frequency_mhz": 0}}, ["outside"]),
    "assumptions a text": ({**GOOD, "assumptions": "none"}, ["/assumptions", "list of texts"]),
    "fidelity unknown": ({**GOOD, "fidelity": "exact"}, ["/fidelity", "timing"]),
    "extends misspelt": ({"extend": "stripes"}, ["/extend", "did you mean 'extends'"]),
    "a key that is none": ({"zzzzzzzzzzz": 1}, ["legal: format", "assumptions, extends)"]),
    "extends itself": ({"extends": "c.json"}, ["comes back to"]),
    "extends nothing": ({"extends": "nowhere.json"}, ["there is no file"]),
    "extends a number": ({"extends": 4}, ["/extends"]),
    "deep": ("[" * 100000 + "]" * 100000, ["nested deeper"]),
    "memory unknown": ({**GOOD, "memory": "infinite"}, ["/memory", "there is no file", "infinite"]),
    "memory a number": ({**GOOD, "memory": 4}, ["/memory", '"none", the name of a memory file or an object']),
    "memory without off_chip": ({**GOOD, "memory": {}}, ["/memory/off_chip", "'kind' is missing"]),
    "memory key misspelt": (
        {**GOOD, "memory": {**IDEAL, "weight_memry": {}}},
        ["/memory/weight_memry", "did you mean 'weight_memory'"],
    ),
    "off-chip kind unknown": (
        {**GOOD, "memory": {"off_chip": {"kind": "dam"}}},
        ["/memory/off_chip/kind", "did you mean 'dram'"],
    ),
    "ideal without bandwidth": (
        {**GOOD, "memory": {"off_chip": {"kind": "ideal"}}},
        ["/memory/off_chip", "'bandwidth_mb_per_s' is missing"],
    ),
    "ideal with a device": (
        {**GOOD, "memory": {"off_chip": {**IDEAL["off_chip"], "device": "x"}}},
        ["/memory/off_chip", "belongs to kind dram"],
    ),
    "bandwidth zero": (
        {**GOOD, "memory": {"off_chip": {"kind": "ideal", "bandwidth_mb_per_s": 0}}},
        ["/memory/off_chip/bandwidth_mb_per_s", "outside 1 to"],
    ),
    "dram without device": (
        {**GOOD, "memory": {"off_chip": {"kind": "dram"}}},
        ["/memory/off_chip", "'device' is missing"],
    ),
    "dram device nowhere": (
        {**GOOD, "memory": {"off_chip": {"kind": "dram", "device": "no.json"}}},
        ["/off_chip/device", "there is no file", "no.json"],
    ),
    "dram device a list": (
        {**GOOD, "memory": {"off_chip": {"kind": "dram", "device": []}}},
        ["/off_chip/device", "a file or an object"],
    ),
    "capacity negative": (
        {**GOOD, "memory": {**IDEAL, "weight_memory": {"capacity_bytes": -1}}},
        ["/memory/weight_memory/capacity_bytes", "outside"],
    ),
    "capacity a word": (
        {**GOOD, "memory": {**IDEAL, "weight_memory": {"capacity_bytes": "unlimitd"}}},
        ["capacity_bytes", "unlimited"],
    ),
    "no blocking fits": (
        {**GOOD, "memory": {**IDEAL, "weight_memory": {"capacity_bytes": 64}}},
        ["/memory", "layer 'conv1' fits in no blocking", "bytes of activation_memory", "of weight_memory"],
    ),
    "storage unknown": (
        {**GOOD, "memory": {**IDEAL, "storage": "bit-interleaved"}},
        ["/memory/storage", "did you mean 'bit_interleaved'"],
    ),
    "key beside extends": (
        {**GOOD, "memory": {"extends": "lpddr4_4267_1mb", "weight_memory": {"capacity_byte": 1}}},
        ["c.json:1:", ": /memory/weight_memory/capacity_byte: unknown key", "did you mean 'capacity_bytes'"],
    ),
    "value beside extends": (
        {**GOOD, "memory": {"extends": "lpddr4_4267_1mb", "codec": {"decoder_groups_per_cycle": 0}}},
        ["c.json:1:", ": /memory/codec/decoder_groups_per_cycle: 0 is outside"],
    ),
    "key beside a device's extends": (
        {**GOOD, "memory": {"off_chip": {"kind": "dram", "device": {**DEVICE, "timing": 4}}}},
        ["c.json:1:", ": /memory/off_chip/device/timing: unknown key"],
    ),
    "key beside two extends": (
        {**GOOD, "memory": {"extends": "lpddr4_4267_1mb", "off_chip": {"device": {**DEVICE, "controller": {"x": 1}}}}},
        ["c.json:1:", ": /memory/off_chip/device/controller/x: unknown key"],
    ),
    "value of an extended device that does not fit": (
        {**GOOD, "memory": {"off_chip": {"kind": "dram", "device": {**DEVICE, "controller": {"address_map": "x"}}}}},
        ["c.json:1:", ": /memory/off_chip/device/controller/address_map: "],
    ),
    "memory extends nothing": ({**GOOD, "memory": {"extends": "no.json"}}, ["/memory/extends", "there is no file"]),
}


@pytest.mark.parametrize("name", CONFIGS)
def test_bad_configurations_are_refused(name, heddle, tmp_path):
    content, texts = CONFIGS[name]
    config = write(tmp_path, "c.json", content)
    out = tmp_path / "out"
    code, stdout, stderr = heddle("run", config, "--trace", "digits-16b", "--out", out)
    assert code == 2, (stdout, stderr)
    assert stdout == ""
    for text in texts:
        assert text in stderr, stderr
    assert not out.exists()


USAGE = {
    "no command": ([], ["usage"]),
    "unknown command": (["rnu"], ["did you mean 'run'"]),
    "unknown option": (["run", "stripes", "--trce", "x"], ["did you mean '--trace'"]),
    "abbreviated option": (["run", "stripes", "--fid", "timing"], ["unknown option"]),
    "no configuration": (["run"], ["expected a configuration"]),
    "unknown configuration": (["run", "strips"], ["did you mean 'stripes'"]),
    "network without its profile": (
        ["run", "stripes", "--trace", "alexnet"],
        ["did you mean 'alexnet-100' or 'alexnet-99'?"],
    ),
    "model as a configuration": (
        ["run", "loom"],
        ["'loom' is a model; expected one of its configurations: loom_1b, ", "loom_4b"],
    ),
    "unknown trace": (["run", "stripes", "--trace", "digit-16b"], ["did you mean 'digits-16b'"]),
    "trace is a device": (["run", "stripes", "--trace", "/dev/null"], ["error"]),
    "set without a value": (["run", "stripes", "--set", "tiles"], ["path=value"]),
    "set of an unknown key": (["run", "stripes", "--set", "parameters.tils=4"], ["did you mean 'tiles'"]),
    "jobs a word": (["run", "stripes", "-j", "many"], ["jobs"]),
    "jobs negative": (["run", "stripes", "-j", "-5"], ["--jobs", "whole number from 0", "-5"]),
    "memory misspelt": (["run", "stripes", "--set", "memory=lpddr4_4267_1m"], ["did you mean 'lpddr4_4267_1mb'"]),
    "fidelity misspelt": (
        ["run", "stripes", "--fidelity", "bit-tru"],
        ["error: --fidelity bit-tru: ", "bit-true"],
    ),
    "seed negative": (["run", "stripes", "--seed=-1"], ["--seed", "whole number from 0"]),
    "containers of neither 8 nor 16 bits": (
        ["run", "stripes", "--set", "parameters.container_bits=12"],
        ["--set parameters.container_bits=12", "expected 8 or 16"],
    ),
    "parameters that do not fit": (
        ["run", "dprs", "--set", "parameters.group_size=17"],
        ["--set parameters.group_size=17", "/parameters/group_size"],
    ),
    "waveform of a tile that is not there": (
        ["run", "stripes", "--fidelity", "bit-true", "--vcd", "/tmp/x.vcd", "--vcd-tile", "99"],
        ["--vcd-tile", "16 tiles"],
    ),
    "statistics of shapes": (["trace", "stats", "alexnet-100"], ["no values"]),
    "fraction zero": (["run", "stripes", "--verify-fraction", "0"], ["above 0"]),
    "fraction not a number": (["run", "stripes", "--verify-fraction", "nan"], ["above 0"]),
    "waveform without bit-true": (["run", "stripes", "--vcd", "/tmp/x.vcd"], ["bit-true"]),
    "an average run bit-true": (
        ["run", "loom_1b_group", "--fidelity", "bit-true", "--set", "parameters.weight_sync=mean"],
        ["--set parameters.weight_sync=mean: /parameters/weight_sync: ", "cannot run bit-true"],
    ),
    "a tile that cannot compose a layer": (
        ["run", "stripes", *"--trace digits-16b --set parameters.rows=1 --set parameters.pe_width=4".split()],
        ["stripes.json:", ": /parameters: 1 rows", "cannot compose"],
    ),
    "a tile that cannot compose a layer to pack": (
        ["schedule", "tcle", *"--trace digits-16b --set parameters.rows=1 --set parameters.pe_width=4".split()],
        ["tcle.json:", ": /parameters: 1 rows", "cannot compose"],
    ),
    "an array too large to stand bit-true": (
        [
            "run",
            "stripes",
            "--fidelity",
            "bit-true",
            "--trace",
            "digits-16b",
            "--set",
            "parameters.tiles=1024",
            "--set",
            "parameters.rows=17",
        ],
        ["/parameters", "262144 units", "278528"],
    ),
    "compare of one": (["compare", "stripes"], ["at least two"]),
    "unknown schema": (["schema", "trac"], ["did you mean 'trace'"]),
    "unknown schema of a configuration": (["schema", "loom_1b_256x"], ["did you mean 'loom_1b_256'"]),
    "no schema": (["schema", "zzzzzzzzzzzzz"], ["legal: trace, result, comparison, memory, device, dadn"]),
    "unknown model": (["describe", "stipes"], ["did you mean 'stripes'"]),
    "unknown configuration to describe": (["describe", "loom_1g"], ["did you mean 'loom_1b'"]),
    "unknown section": (["describe", "memry"], ["did you mean 'memory'"]),
    "nothing to describe": (["describe", "zzzzzzzzzzzzz"], ["legal: memory, device, result, comparison, dadn"]),
    "unknown verb": (["trace", "inf"], ["did you mean 'info'"]),
    "requests larger than can be": (
        ["dram", "ddr4_3200_8gb_x8", "--trace", __file__, "--request-bytes", "1000000000000"],
        ["--request-bytes", "0 to 16777216"],
    ),
    "requests without memory": (["run", "stripes", "--dram-trace", "/tmp/x.trace"], ["no off-chip memory"]),
    "requests in an unknown form": (
        ["run", "stripes", "--dram-trace", "/tmp/x.trace", "--dram-trace-form", "ramulator"],
        ["dramsim3 or dramsys"],
    ),
    "containers of 12 bits": (["trace", "stats", "digits-16b", "--container-bits", "12"], ["expected 8 or 16"]),
    "output folder that cannot be made": (
        ["run", "stripes", "--trace", "digits-16b", "--out", "/dev/null/x"],
        ["cannot make the folder"],
    ),
}


@pytest.mark.parametrize("name", USAGE)
def test_bad_usage_is_refused(name, heddle):
    arguments, texts = USAGE[name]
    code, _, stderr = heddle(*arguments)
    assert code == 2, stderr
    for text in texts:
        assert text in stderr, stderr


def test_values_are_asked_for_where_the_trace_has_none(heddle):
    code, _, stderr = heddle("run", "stripes", "--fidelity", "bit-true", "--trace", "alexnet-100")
    assert code == 2
    assert "no samples" in stderr


def test_compressed_storage_asks_for_values(heddle):
    memory = json.dumps({**IDEAL, "storage": "compressed"})
    code, _, stderr = heddle("run", "stripes", "--trace", "alexnet-100", "--set", "memory=" + memory)
    assert code == 2
    assert "layer 'conv1' has no values" in stderr and "memory.storage=container" in stderr


def test_a_container_that_is_too_narrow_is_refused(heddle):
    code, _, stderr = heddle("run", "stripes_8b", "--trace", "alexnet-100")
    assert code == 2
    assert "container_bits" in stderr


def test_enough_cases():
    assert len(CONFIGS) + len(USAGE) >= 60
