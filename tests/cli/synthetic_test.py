# SPDX-License-Identifier: Apache-2.0
"""`--values synthetic`: every design runs on shapes, every output says so, and the values are those of the formulas
in docs/synthetic-values.md, written here a second time."""
import csv
import io
import json
import subprocess
import sys

import pytest

sys.path.insert(0, str(__import__("pathlib").Path(__file__).resolve().parent.parent / "support"))
from program import REPRESENTATIVES, ROOT  # noqa: E402

sys.path.insert(0, str(ROOT / "scripts"))
from synthetic_tables import without_values  # noqa: E402

SHAPES = "alexnet-100"
NETWORKS = sorted(folder.stem for folder in (ROOT / "configs" / "networks").glob("*.trace"))
PARAMETERS = json.loads((ROOT / "sim" / "synthetic" / "parameters.json").read_text())["parameters"]
MASK = 2**64 - 1


@pytest.fixture
def shapes(tmp_path):
    """The digits network without its values."""
    without_values(ROOT / "traces" / "digits-8b.trace", tmp_path / "shapes.trace")
    return tmp_path / "shapes.trace"


def result_of(heddle, *arguments):
    code, stdout, stderr = heddle("run", *arguments, "--json", "-q", timeout=600)
    assert code == 0, stderr
    return json.loads(stdout)


@pytest.mark.parametrize("config", REPRESENTATIVES)
def test_every_design_runs_on_shapes_and_its_elements_agree(heddle, shapes, config):
    arguments = [config, "--trace", shapes, "--values", "synthetic:5,prune=0.4"]
    result = result_of(heddle, *arguments, "--fidelity", "bit-true", "--verify-fraction", "0.02")
    assert result["verification"]["outputs"] > 0
    assert result["network"]["samples"] == 1
    assert result["totals"]["cycles"] == result_of(heddle, *arguments)["totals"]["cycles"] > 0


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("config", ["dadn", "dynamic_stripes", "pragmatic_2b_1r", "loom_1b_group"])
def test_the_papers_networks_run(heddle, network, config):
    result = result_of(heddle, config, "--trace", network, "--values", "synthetic")
    assert result["network"]["synthetic_values"]["assumes_relu"] is True


@pytest.mark.parametrize("config", REPRESENTATIVES)
def test_every_design_runs_on_a_network_of_a_paper(heddle, config):
    if config.endswith("_8b"):
        pytest.skip("the network needs 11 bits")
    result_of(heddle, config, "--trace", SHAPES, "--values", "synthetic")


def test_memory_and_compressed_storage_take_drawn_values(heddle):
    arguments = ["dprs", "--trace", SHAPES, "--values", "synthetic", "--set", "memory=ideal_16gb_per_s_1mb"]
    compressed = result_of(heddle, *arguments, "--set", "memory.storage=compressed")
    container = result_of(heddle, *arguments, "--set", "memory.storage=container")

    def bytes_of(result):
        return result["totals"]["off_chip_bytes"]["total"]

    assert 0.3 < bytes_of(compressed) / bytes_of(container) < 0.9


def test_every_output_of_a_run_says_so(heddle, tmp_path):
    code, stdout, _ = heddle(
        "run", "dynamic_stripes", "--trace", SHAPES, "--values", "synthetic:9,prune=0.5", "--out", tmp_path
    )
    assert code == 0
    label = "synthetic:9,zeros=0.524,prune=0.5"
    assert "synthetic values" in stdout.splitlines()[0]
    assert f"note: synthetic values ({label}, generator 1)" in stdout
    result = json.loads((tmp_path / "result.json").read_text())
    record = result["network"]["synthetic_values"]
    assert record["label"] == label
    assert (record["seed"], record["prune_share"], record["zeros_share"]) == (9, 0.5, 0.524)
    assert (record["activation_tensors"], record["weight_tensors"], record["generator"]) == (8, 8, 1)
    assert any(label in note and "no published figure" in note for note in result["notes"])
    rows = list(csv.DictReader(io.StringIO((tmp_path / "layers.csv").read_text())))
    assert {row["values"] for row in rows} == {label}


def test_runs_on_true_values_say_that_too(heddle, tmp_path):
    code, stdout, _ = heddle("run", "stripes", "--trace", "digits-8b", "--out", tmp_path)
    assert code == 0 and "synthetic" not in stdout
    assert "synthetic_values" not in json.loads((tmp_path / "result.json").read_text())["network"]
    rows = list(csv.DictReader(io.StringIO((tmp_path / "layers.csv").read_text())))
    assert {row["values"] for row in rows} == {"trace"}


def test_results_never_depend_on_threads_and_seeds_differ(heddle):
    arguments = ["pragmatic_2b_1r", "--trace", SHAPES, "--values"]
    results = [result_of(heddle, *arguments, "synthetic:1", "-j", threads) for threads in (1, 2, 7)]
    assert results[0] == results[1] == results[2]
    other = result_of(heddle, *arguments, "synthetic:2")
    assert other["network"]["trace_sha256"] != results[0]["network"]["trace_sha256"]
    assert other["totals"]["cycles"] != results[0]["totals"]["cycles"]
    manifest = other["network"]["synthetic_values"]["manifest_sha256"]
    assert manifest == result_of(heddle, "dadn", "--trace", SHAPES)["network"]["trace_sha256"]


def test_the_configuration_has_the_key_and_the_option_goes_before_it(heddle, tmp_path):
    config = tmp_path / "mine.json"
    keys = {"format": "heddle-accelerator", "version": [1, 0], "extends": "dynamic_stripes", "name": "mine"}
    config.write_text(json.dumps(keys | {"values": "synthetic:4"}))

    def seed(*arguments):
        return result_of(heddle, config, "--trace", SHAPES, *arguments)["network"]["synthetic_values"]["seed"]

    assert seed() == 4
    assert seed("--values", "synthetic:6") == 6
    assert seed("--set", "values=synthetic:8") == 8
    config.write_text(json.dumps(keys | {"values": "synthetik"}))
    code, _, stderr = heddle("run", config, "--trace", SHAPES)
    assert code == 2 and "mine.json" in stderr and "/values" in stderr and "did you mean 'synthetic'?" in stderr


@pytest.mark.parametrize(
    "command",
    [["run", "dadn", "--trace"], ["schedule", "tcle", "--trace"], ["potential"], ["trace", "stats"]],
)
def test_unknown_forms_and_complete_traces_are_refused(heddle, command):
    code, _, stderr = heddle(*command, SHAPES, "--values", "foo")
    assert code == 2 and "--values: expected trace or synthetic" in stderr and "'foo'" in stderr
    code, _, stderr = heddle(*command, "digits-8b", "--values", "synthetic")
    assert code == 2 and "digits-8b.trace: the trace holds the values of every layer" in stderr


def test_what_a_trace_has_is_kept(heddle, tmp_path):
    """A trace of weights alone: its weights stay, activations are drawn."""
    source = ROOT / "traces" / "digits-8b.trace"
    whole = json.loads((source / "manifest.json").read_text())
    manifest = without_values(source, tmp_path / "weights.trace")
    for layer, true in zip(manifest["layers"], whole["layers"]):
        for operand, with_file in zip(layer.get("operands", []), true.get("operands", [])):
            if "file" not in with_file:
                continue
            operand["file"] = with_file["file"]
            manifest["files"][operand["file"]] = whole["files"][operand["file"]]
            target = tmp_path / "weights.trace" / operand["file"]
            target.parent.mkdir(exist_ok=True)
            target.write_bytes((source / operand["file"]).read_bytes())
    (tmp_path / "weights.trace" / "manifest.json").write_text(json.dumps(manifest))
    record = result_of(heddle, "laconic_8b", "--trace", tmp_path / "weights.trace", "--values", "synthetic")
    record = record["network"]["synthetic_values"]
    assert (record["activation_tensors"], record["weight_tensors"]) == (7, 0)
    true = {t["layer"]: t for t in stats(heddle, source) if t["tensor"] == "weight"}
    drawn = stats(heddle, tmp_path / "weights.trace", "--values", "synthetic")
    assert {t["layer"]: t for t in drawn if t["tensor"] == "weight"} == true


@pytest.mark.parametrize(
    "change, expected",
    [
        ({"zero_point": 3}, "have a zero point"),
        ({"kind": "power", "exponent": "1/2", "bits": 4}, "are decoded"),
    ],
)
def test_representations_that_are_not_drawn_are_refused(heddle, shapes, change, expected):
    manifest = json.loads((shapes / "manifest.json").read_text())
    manifest["layers"][1]["operands"][1]["rep"].update(change)
    (shapes / "manifest.json").write_text(json.dumps(manifest))
    code, _, stderr = heddle("run", "dadn", "--trace", shapes, "--values", "synthetic")
    assert code == 2 and "layer 'conv2'" in stderr and expected in stderr


def test_comparisons_say_so(heddle):
    arguments = ["compare", "dadn", "dynamic_stripes", "--trace", SHAPES, "--values", "synthetic:3"]
    code, stdout, stderr = heddle(*arguments, "--json", "-q")
    assert code == 0, stderr
    comparison = json.loads(stdout)
    assert [a["values"] for a in comparison["accelerators"]] == ["synthetic:3,zeros=0.524,prune=0"] * 2
    assert any("no published figure" in note for note in comparison["accelerators"][1]["notes"])
    code, stdout, _ = heddle(*arguments)
    assert "AlexNet (100% profile), synthetic values, baseline dadn" in stdout and "no published figure" in stdout
    code, stdout, _ = heddle(*arguments, "--csv", "-q")
    assert {row["values"] for row in csv.DictReader(io.StringIO(stdout))} == {"synthetic:3,zeros=0.524,prune=0"}
    code, _, stderr = heddle(*arguments[:-2], "--set", "1:values=synthetic:1", "--set", "2:values=synthetic:2")
    assert code == 2 and "--allow-different-traces" in stderr


def test_other_commands_say_so(heddle):
    for command in (["schedule", "tcle", "--trace", SHAPES], ["potential", SHAPES], ["trace", "stats", SHAPES]):
        code, stdout, stderr = heddle(*command, "--values", "synthetic:2", "--json", timeout=600)
        assert code == 0, stderr
        document = json.loads(stdout)
        record = document.get("synthetic_values") or document["network"]["synthetic_values"]
        assert record["seed"] == 2
        code, stdout, _ = heddle(*command, "--values", "synthetic:2", timeout=600)
        assert code == 0 and "note: synthetic values (synthetic:2" in stdout


# The formulas of docs/synthetic-values.md.


def stats(heddle, trace, *arguments):
    code, stdout, stderr = heddle("trace", "stats", trace, "--json", *arguments)
    assert code == 0, stderr
    return json.loads(stdout)["tensors"]


def splitmix(state, count=1):
    """The `count`-th number of splitmix64 after `state`."""
    z = (state + count * 0x9E3779B97F4A7C15) & MASK
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & MASK
    z = (z ^ z >> 27) * 0x94D049BB133111EB & MASK
    return z ^ z >> 31


def stream(seed, name):
    """A function of the position, keyed by seed and name."""
    state = seed
    for byte in name.encode():
        state = (state ^ byte) * 0x100000001B3 & MASK
    key = splitmix((state + 0x9E3779B97F4A7C15) & MASK)
    return lambda position: splitmix(key, position + 1)


def log2_entry(i):
    mantissa, out = 2**31 + (i << 23), 0
    for _ in range(24):
        mantissa = mantissa * mantissa >> 31
        out <<= 1
        if mantissa >= 2**32:
            mantissa, out = mantissa >> 1, out | 1
    return out


LOG2 = [log2_entry(i) for i in range(256)] + [2**24]


def exponential(u):
    x = u + 1
    top = x.bit_length() - 1
    fraction = (x << (32 - top)) & 0xFFFFFFFF
    index, rest = fraction >> 24, fraction & 0xFFFFFF
    return (32 - top << 24) - LOG2[index] - ((LOG2[index + 1] - LOG2[index]) * rest >> 24)


def scale(mean):
    return int(mean * 0.6931471805599453 * 65536 + 0.5)


def value(name):
    return PARAMETERS[name]["value"]


def expected_weights(layer, shape, bits, seed, prune):
    largest = 2 ** (bits - 1) - 1
    mean = min(largest / value("weight_peak_per_mean"), value("weight_most_mean"))
    random, filters = stream(seed, f"weight/{layer}"), stream(seed, f"weight/{layer}/filters")
    count = 1
    for extent in shape:
        count *= extent
    out = []
    for i in range(count):
        uniform = (filters(i // (count // shape[0])) >> 32) / 2**31 - 1
        factor = scale(mean * (1 + value("weight_filter_spread") * 1.7320508075688772 * uniform))
        u = random(i) >> 32
        magnitude = min((exponential(u) * factor + 2**39) >> 40, largest) if u < 2**32 - int(prune * 2**32) else 0
        out.append(-magnitude if random(i) & 1 else magnitude)
    out[stream(seed, f"weight/{layer}/largest")(0) % count] = largest
    return out


def expected_activations(source, count, bits, seed):
    """Of an unsigned fully connected layer: every position by itself."""
    largest, zeros = 2**bits - 1, value("activation_zeros_share")
    mean = min(largest / value("activation_peak_per_mean"), value("activation_most_mean"))
    name = f"activation/{source}/0"
    own, out = stream(seed, name + "/own"), []
    for i in range(count):
        u = own(i) >> 32
        if u >= 2**32 - int(zeros * 2**32):
            out.append(0)
            continue
        within = min(u * int(65536 / (1 - zeros)) >> 16, 2**32 - 1)
        out.append(min(1 + (exponential(within) * scale(max(mean - 0.5, 0.125)) >> 40), largest))
    out[stream(seed, name + "/largest")(0) % count] = largest
    return out


def summary(values):
    magnitudes = [abs(v) for v in values]
    histogram = [0] * 18
    for m in magnitudes:
        histogram[m.bit_length()] += 1
    ones = sum(bin(m).count("1") for m in magnitudes)
    return len(values), values.count(0), min(values), max(values), ones, histogram


@pytest.mark.parametrize("seed, prune", [(0, 0), (12345678901234567890, 0.25)])
def test_values_are_those_of_the_documented_formulas(heddle, shapes, seed, prune):
    layers = {layer["id"]: layer for layer in json.loads((shapes / "manifest.json").read_text())["layers"]}
    compared = 0
    for row in stats(heddle, shapes, "--values", f"synthetic:{seed},prune={prune}"):
        shape, bits = layers[row["layer"]]["shape"], row["precision_bits"]
        if row["tensor"] == "weight":
            extents = [shape["K"], shape["C"], shape.get("R", 1), shape.get("S", 1)]
            expected = expected_weights(row["layer"], extents, bits, seed, prune)
        elif row["layer"].startswith("fc"):
            source = layers[row["layer"]]["operands"][0]["source"]
            expected = expected_activations(source, shape["C"], bits, seed)
        else:
            continue
        compared += 1
        found = tuple(
            row[key] for key in ("values", "zeros", "min", "max", "magnitude_ones", "magnitude_bits_histogram")
        )
        assert found == summary(expected), row["layer"]
    assert compared == 9


def test_parameters_and_tables_are_true(request):
    scripts = ROOT / "scripts"
    program = request.config.getoption("--program")
    for command in (
        [scripts / "synthetic_parameters.py", "--check"],
        [scripts / "synthetic_tables.py", "--check", "--program", program],
    ):
        done = subprocess.run(["/usr/bin/python3", *command], capture_output=True, text=True, check=False, cwd=ROOT)
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("config, are_drawn", [("dadn", False), ("loom_1b", False), ("pragmatic_2b_1r", True)])
def test_a_run_says_whether_values_were_drawn(heddle, config, are_drawn):
    code, stdout, stderr = heddle("run", config, "--trace", "alexnet-100", "--values", "synthetic")
    assert code == 0, stderr
    assert ("drawn for the activations of 8 layers" in stdout) == are_drawn
    none = "none was drawn, because this design's cycles follow from shapes and precisions"
    assert (none in stdout) == (not are_drawn)
