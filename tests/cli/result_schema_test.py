# SPDX-License-Identifier: Apache-2.0
"""`heddle schema result`: every kind of result follows it, and it refuses missing, unknown and mistyped fields."""
import copy
import csv
import json

import jsonschema
import pytest

BIT_TRUE = ["--fidelity", "bit-true", "--verify-fraction", "0.01", "--seed", "1"]
COMPRESSED = ["--set", "memory=lpddr4_4267_1mb", "--set", "memory.storage=compressed"]
KINDS = {
    "none": ["stripes", "--trace", "digits-8b"],
    "none, events": ["tcle", "--trace", "digits-8b"],
    "ideal": ["stripes", "--trace", "digits-8b", "--set", "memory=ideal_16gb_per_s_1mb"],
    "lpddr4": ["tcle", "--trace", "digits-8b", "--set", "memory=lpddr4_4267_1mb"],
    "compressed": ["loom_1b", "--trace", "digits-8b", *COMPRESSED],
    "bit-true": ["stripes", "--trace", "digits-8b", *BIT_TRUE],
    "bit-true, whole": ["stripes", "--trace", "digits-8b", "--fidelity", "bit-true"],
    "bit-true, lpddr4": ["stripes", "--trace", "digits-8b", *BIT_TRUE, "--set", "memory=lpddr4_4267_1mb"],
    "shapes only": ["stripes", "--trace", "alexnet-100", "--set", "memory=ideal_16gb_per_s_1mb"],
}
# Keys that others declare: a model, the mapping options, the memory section, a trace's manifest.
FREE = {"parameters", "mapping", "memory", "accuracy", "provenance", "events"}
OPTIONAL = {"verification", "plan", "memory", "timeline", "details", "events", "memory_accesses"}
OPTIONAL |= {
    "changes",
    "dram_commands",
    "dram",
    "accuracy",
    "passes",
    "window_sets",
    "peak_bandwidth_gb_per_s",
    "bandwidth_fraction_of_peak",
}


def run(heddle, arguments):
    code, stdout, stderr = heddle("run", *arguments, "--json", "-q")
    assert code == 0, stderr
    return json.loads(stdout)


@pytest.fixture
def validator(heddle):
    schema = json.loads(heddle("schema", "result")[1])
    jsonschema.Draft7Validator.check_schema(schema)
    return jsonschema.Draft7Validator(schema)


def objects(node, path=()):
    """Every object whose keys the format fixes, as a path."""
    if isinstance(node, dict):
        yield path
        for key, value in node.items():
            if key not in FREE or path == ():
                yield from objects(value, (*path, key))
    elif isinstance(node, list) and node and path != ("accelerator", "assumptions"):
        yield from objects(node[0], (*path, 0))


def at(node, path):
    for key in path:
        node = node[key]
    return node


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_result_follows_the_schema(heddle, validator, kind):
    validator.validate(run(heddle, KINDS[kind]))


@pytest.mark.parametrize("kind", ["lpddr4", "bit-true"])
def test_missing_unknown_and_mistyped_fields_are_refused(heddle, validator, kind):
    result = run(heddle, KINDS[kind])
    places = list(objects(result))
    assert len(places) > 20
    tried = 0
    for path in places:
        changed = copy.deepcopy(result)
        at(changed, path)["unknown"] = 1
        assert not validator.is_valid(changed), f"an unknown key at {path}"
        for key, value in at(result, path).items():
            if key in FREE and path != ():
                continue
            changed = copy.deepcopy(result)
            if key not in OPTIONAL:
                del at(changed, path)[key]
                assert not validator.is_valid(changed), f"{key} missing at {path}"
            at(changed, path)[key] = "12" if value is None or isinstance(value, (int, float)) else 12
            assert not validator.is_valid(changed), f"{key} of another type at {path}"
            tried += 1
    assert tried > 100


def flat(counters, prefix=""):
    """Counters under the names of their columns."""
    for key, value in counters.items():
        if key == "events":
            yield from value.items()
        elif isinstance(value, dict):
            yield from flat(value, f"{prefix}{key}_")
        elif isinstance(value, (int, float)) and key != "total":
            yield prefix + key, value


@pytest.mark.parametrize("kind", ["none", "ideal", "lpddr4"])
def test_columns_are_the_paths_of_the_keys(heddle, tmp_path, kind):
    assert heddle("run", *KINDS[kind], "-q", "--out", tmp_path)[0] == 0
    result = json.loads((tmp_path / "result.json").read_text())
    rows = list(csv.DictReader((tmp_path / "layers.csv").open()))
    layers = [layer for sample in result["samples"] for layer in sample["layers"]]
    for row, layer in zip(rows, layers, strict=True):
        values = dict(flat({**layer, **layer["precision"], "precision": {}}))
        assert set(values) | {"sample", "layer", "op", "values"} == set(row)
        for name, value in values.items():
            assert float(row[name]) == pytest.approx(value, abs=1e-6)


def test_layers_sum_to_what_the_memories_counted(heddle):
    result = run(heddle, KINDS["lpddr4"])
    for name in ("activation_memory", "weight_memory", "input_buffer", "output_buffer"):
        for key in result["totals"]["memory_accesses"][name]:
            layers = sum(layer["memory_accesses"][name][key] for layer in result["layers"])
            assert layers == result["memory"][name][key]
    dram = result["memory"]["off_chip"]["dram"]
    for key in result["totals"]["dram_commands"]:
        assert sum(layer["dram_commands"][key] for layer in result["layers"]) == dram[key]
    # A layer's bursts are its own transfers, and each of them is a read or a write of 32 bytes.
    for layer in result["layers"]:
        commands = layer["dram_commands"]
        assert (commands["read_bursts"] + commands["write_bursts"]) * 32 == layer["off_chip_bytes"]["total"]
        assert commands["row_hits"] <= commands["read_bursts"] + commands["write_bursts"]


def test_results_of_version_1_0_can_be_compared(heddle, tmp_path):
    result = run(heddle, KINDS["ideal"])
    result["version"] = [1, 0]
    for counters in [result["totals"], *result["layers"]]:
        del counters["memory_accesses"]
    (tmp_path / "old.json").write_text(json.dumps(result))
    code, stdout, stderr = heddle("compare", tmp_path / "old.json", tmp_path / "old.json", "--json")
    assert code == 0, stderr
    assert json.loads(stdout)["accelerators"][1]["totals"]["speedup"] == 1.0
    result["version"] = [2, 0]
    (tmp_path / "new.json").write_text(json.dumps(result))
    assert heddle("compare", tmp_path / "old.json", tmp_path / "new.json")[0] == 2
    del result["totals"]["lane_cycles"]
    result["version"] = [1, 0]
    (tmp_path / "cut.json").write_text(json.dumps(result))
    code, _, stderr = heddle("compare", tmp_path / "old.json", tmp_path / "cut.json")
    assert code == 2 and "cut.json" in stderr


@pytest.mark.parametrize(
    "arguments",
    [["list"], ["describe", "stripes"], ["describe", "memory"], ["version"], ["trace", "validate", "digits-8b"]],
)
def test_every_json_output_says_what_it_is(heddle, arguments):
    output = json.loads(heddle(*arguments, "--json")[1])
    assert output["format"].startswith("heddle-") and output["version"] == [1, 0]
