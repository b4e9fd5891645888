# SPDX-License-Identifier: Apache-2.0
"""Cycles of small layers against counting_oracle and against values worked out by hand, counted and bit-true."""
import dataclasses
import itertools
import json
import shutil

import counting_oracle as oracle
import numpy as np
import pytest
from conftest import DIGITS, ROOT
from counting_layers import Layer, convolution, product, with_widths, write_trace

CONFIGURATIONS = sorted(p.stem for p in (ROOT / "configs" / "accelerators").glob("*.json"))


def run(heddle, trace, config, options, fidelity="timing"):
    sets = [word for option in options for word in ("--set", option)]
    code, stdout, stderr = heddle("run", config, "--trace", trace, "--json", "-q", "--fidelity", fidelity, *sets)
    assert code == 0, stderr
    return json.loads(stdout)


def counted(heddle, trace, config, options, fidelity="timing"):
    result = run(heddle, trace, config, ["memory=none", *options], fidelity)
    return [layer["compute_cycles"] for layer in result["layers"]]


def pick(random, low, high):
    return int(random.integers(low, high, endpoint=True))


def random_convolution(random, bits, most_channels=24):
    """Mostly with groups; a third of these are depthwise."""
    is_signed = bool(random.integers(2))
    groups, channels = pick(random, 1, 4), pick(random, 1, most_channels)
    shape = (channels * groups, groups * pick(random, 1, 9), groups)
    if random.random() < 0.3:
        shape = (channels + 1, (channels + 1) * pick(random, 1, 2), channels + 1)
    kernel = pick(random, 1, 2)
    stride = 1 if shape[0] == 3 else pick(random, 1, 2)  # not an image layer
    size = kernel + pick(random, 0, 4)
    return convolution(random, *shape, size, kernel, stride, pick(random, 0, 1), bits, is_signed)


# The two groups of 40-parallel_drain: {1, 8} set bits of group 0 in its two windows, {8, 1} of group 1.
def two_groups():
    activations = np.zeros((32, 1, 2), np.int64)
    activations[0, 0] = [1, 255]
    activations[16, 0] = [255, 1]
    return Layer(activations, np.ones((2, 16, 1, 1), np.int64), 8, 2, groups=2)


@pytest.mark.parametrize("config, options", [("pragmatic_2b_pallet", []), ("dprs", ["parameters.trim_low=false"])])
@pytest.mark.parametrize("groups", ["sequential", "parallel"])
def test_columns_do_not_drain_between_passes(heddle, tmp_path, config, options, groups):
    trace = write_trace(tmp_path / "case.trace", [two_groups()])
    for registers, cycles in [(0, 16), (1, 9), ("unlimited", 9)]:
        sets = ["parameters.tiles=1", f"parameters.run_ahead_registers={registers}", f"mapping.groups={groups}"]
        for fidelity in ("timing", "bit-true"):
            sets_of_fidelity = [*sets, "parameters.rows=2"] if fidelity == "bit-true" else sets
            assert counted(heddle, trace, config, [*sets_of_fidelity, *options], fidelity) == [cycles]


@pytest.mark.parametrize("seed", range(4))
def test_columns_run_ahead_through_the_layer(heddle, tmp_path, seed):
    random = np.random.default_rng(seed)
    layers = [random_convolution(random, (8, 4)) for _ in range(12)]
    trace = write_trace(tmp_path / "random.trace", layers)
    for groups, order in itertools.product(["sequential", "parallel"], ["passes_first", "windows_first"]):
        registers = [0, 1, 2, oracle.UNLIMITED][pick(random, 0, 3)]
        array = oracle.Array(pick(random, 1, 3), pick(random, 1, 5), pick(random, 1, 5), registers, groups, order)
        options = [*array.options(), f"parameters.run_ahead_registers={registers}"]
        bits = pick(random, 0, 4)
        pragmatic = [*options, f"parameters.first_stage_bits={bits}", "parameters.encoder=raw"]
        expected = [oracle.columns_that_drift(x, array, lambda v: oracle.shifter(v, bits)) for x in layers]
        assert counted(heddle, trace, "pragmatic_2b_pallet", pragmatic) == expected
        assert counted(heddle, trace, "pragmatic_2b_pallet", pragmatic, "bit-true") == expected
        expected = [oracle.columns_that_drift(x, array, lambda v: oracle.width(v, x.is_signed, True)) for x in layers]
        assert counted(heddle, trace, "dprs", options) == expected


# 16 positions of 64 channels, one bit per activation: 4 positions fill a memory row, so a window set touches 4 rows.
def test_a_memory_row_holds_all_channels(heddle, tmp_path):
    ones = np.ones((64, 1, 16), np.int64)
    kinds = [(16, 64, 1), (16, 16, 4), (64, 1, 64)]  # filters, channels of one, groups
    layers = [Layer(ones, np.ones((k, c, 1, 1), np.int64), 1, 2, groups=g) for k, c, g in kinds]
    trace = write_trace(tmp_path / "case.trace", layers)
    for config in ("stripes", "tartan"):
        assert counted(heddle, trace, config, ["parameters.activation_fetch=ideal"]) == [4, 4, 4]
        assert counted(heddle, trace, config, ["parameters.activation_fetch=rows"]) == [16, 16, 16]


@pytest.mark.parametrize("seed", range(3))
def test_activation_fetch_of_groups(heddle, tmp_path, seed):
    random = np.random.default_rng(seed)
    layers = [random_convolution(random, (pick(random, 1, 3), 4), 70) for _ in range(12)]
    layers = [dataclasses.replace(x, is_signed=x.is_signed and x.activation_bits > 1) for x in layers]
    for x in layers:
        x.activations = np.abs(x.activations) % (1 << (x.activation_bits - x.is_signed))
    trace = write_trace(tmp_path / "random.trace", layers)
    for groups in ("sequential", "parallel"):
        array = oracle.Array(pick(random, 1, 3), pick(random, 1, 5), pick(random, 1, 9), groups=groups)
        options = [*array.options(), "parameters.activation_fetch=rows"]
        expected = [oracle.fetch_rows(x, array) for x in layers]
        for config in ("stripes", "tartan"):
            assert counted(heddle, trace, config, options) == expected
        assert counted(heddle, trace, "stripes", options, "bit-true") == expected


# 12 channels of the folded image are one brick; Pa = 4, so a step takes 4 * 10 cycles, or 4 * 8 of a unit's bits.
def test_unused_widths_do_not_change_a_composed_step(heddle, tmp_path):
    weights = np.ones((16, 3, 2, 2), np.int64)
    weights[0, 0, 0, 0] = 511
    layer = Layer(np.full((3, 4, 4), 3), weights, 4, 10, stride=2)
    traces = [
        write_trace(tmp_path / "without.trace", [layer]),
        write_trace(tmp_path / "with.trace", [with_widths(layer)]),
    ]
    units = ["parameters.pe_width=8", "parameters.fully_connected=round_robin"]
    for trace, precision in [(traces[0], "layer"), (traces[1], "layer"), (traces[1], "group")]:
        for composed, cycles in [("unit", 32), ("layer", 40)]:
            sets = [*units, f"parameters.weight_precision={precision}", f"parameters.composed_weights={composed}"]
            assert counted(heddle, trace, "loom_1b", sets) == [cycles]


@pytest.mark.parametrize("seed", range(3))
def test_loom_composes_weights(heddle, tmp_path, seed):
    random = np.random.default_rng(seed)
    layers = [random_convolution(random, (pick(random, 1, 16), pick(random, 2, 16))) for _ in range(8)]
    layers = [dataclasses.replace(x, is_signed=False, activations=np.zeros_like(x.activations)) for x in layers]
    layers += [convolution(random, 3, 9, 1, 7, pick(random, 1, 3), 2, 0, (6, 13)) for _ in range(3)]
    layers += [product(random, 5, 40, 9, (6, 13)), product(random, 5, 40, 9, (6, 13), run_time=False)]
    layers = [with_widths(x) for x in layers]
    trace = write_trace(tmp_path / "random.trace", layers)
    for precision, composed in itertools.product(["layer", "group"], ["unit", "layer"]):
        units = pick(random, 4, 16)
        array = oracle.Array(pick(random, 1, 2), 16, 8)
        options = [f"parameters.weight_precision={precision}", f"parameters.composed_weights={composed}"]
        options += [*array.options(), f"parameters.pe_width={units}", "parameters.fully_connected=round_robin"]
        expected = [oracle.loom_convolution(x, array, units, composed, precision == "group") for x in layers]
        assert counted(heddle, trace, "loom_1b", options) == expected


# One weight that is not zero, in lane 0; activation 255 meets a zero.
def test_zeros_of_a_run_time_operand_are_gated(heddle, tmp_path):
    activations = np.zeros((16, 1, 2), np.int64)
    activations[0], activations[1, 0, 0] = 1, 255
    weights = np.zeros((1, 16, 1, 1), np.int64)
    weights[0, 0] = 1
    trace = write_trace(tmp_path / "case.trace", [Layer(activations, weights, 8, 2, is_product=True, run_time=True)])
    for gate, cycles in [("false", 8), ("true", 1)]:
        for fidelity in ("timing", "bit-true"):
            sets = ["parameters.tiles=1", "parameters.rows=2", f"parameters.gate_zero_slots={gate}"]
            assert counted(heddle, trace, "tclp", sets, fidelity) == [cycles]


@pytest.mark.parametrize("seed", range(3))
def test_run_time_weights_of_bit_tactical(heddle, tmp_path, seed):
    random = np.random.default_rng(seed)
    layers = [
        product(random, pick(random, 1, 9), pick(random, 1, 70), pick(random, 1, 12), (8, 4), bool(random.integers(2)))
        for _ in range(14)
    ]
    for x in layers[::2]:
        x.weights[random.random(x.weights.shape) < 0.8] = 0
    trace = write_trace(tmp_path / "random.trace", layers)
    for gate, pattern in itertools.product(["false", "true"], ["T<2,5>", "X<inf,15>"]):
        array = oracle.Array(pick(random, 1, 3), pick(random, 1, 5), pick(random, 1, 5), pick(random, 0, 2))
        options = [*array.options(), f"parameters.run_ahead_registers={array.registers}"]
        options += [f"parameters.gate_zero_slots={gate}", f"parameters.pattern={pattern}"]
        is_gated = gate == "true"
        by_width = [
            oracle.run_time_weights(x, array, is_gated, lambda v: oracle.width(v, x.is_signed, True)) for x in layers
        ]
        assert counted(heddle, trace, "tclp", options) == by_width
        assert counted(heddle, trace, "tclp", options, "bit-true") == by_width
        by_terms = [oracle.run_time_weights(x, array, is_gated, lambda v: oracle.shifter(v, 2)) for x in layers]
        assert counted(heddle, trace, "tcle", [*options, "parameters.encoder=raw"]) == by_terms


@pytest.fixture(scope="module")
def bare_digits(tmp_path_factory):
    """The digits trace without biases, expected accumulators and statistics."""
    folder = tmp_path_factory.mktemp("bare") / DIGITS.name
    shutil.copytree(DIGITS, folder)
    manifest = json.loads((folder / "manifest.json").read_text())
    for layer in manifest["layers"]:
        for key in ("bias", "accumulator", "stats"):
            layer.pop(key, None)
    kept = json.dumps(manifest["layers"])
    for name in list(manifest["files"]):
        if f'"{name}"' not in kept:
            del manifest["files"][name]
            (folder / name).unlink()
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1, sort_keys=True))
    return folder


@pytest.mark.parametrize("config", CONFIGURATIONS)
def test_files_that_no_design_reads_change_nothing(heddle, bare_digits, config):
    memory = ["memory=ideal_16gb_per_s_1mb"]
    whole, bare = (run(heddle, trace, config, memory) for trace in (DIGITS, bare_digits))
    for key in ("layers", "samples", "totals"):
        assert whole[key] == bare[key]


@pytest.mark.parametrize("config", CONFIGURATIONS)
def test_group_widths_that_no_layer_uses_change_nothing(heddle, tmp_path, config):
    """A folded image layer, a linear layer in a cascade and run-time weights use no widths under any option of Loom;
    the other designs read them in fully connected layers with weight_precision group alone."""
    random = np.random.default_rng(5)
    layers = [
        convolution(random, 3, 20, 1, 9, 3, 2, 1, (7, 7)),
        product(random, 6, 50, 20, (7, 7)),
        product(random, 1, 50, 20, (7, 7), run_time="loom" not in config),
    ]
    for name, kept in [("without", layers), ("with", [with_widths(x) for x in layers])]:
        write_trace(tmp_path / f"{name}.trace", kept)
    for memory in ("none", "ideal_16gb_per_s_1mb"):
        results = [run(heddle, tmp_path / f"{x}.trace", config, [f"memory={memory}"]) for x in ("without", "with")]
        assert results[0]["layers"] == results[1]["layers"]
        assert results[0]["totals"] == results[1]["totals"]
