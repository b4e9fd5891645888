# SPDX-License-Identifier: Apache-2.0
"""configs/compat/dnnsim against docs/rules/dnnsim.md (dnnsim_reference), per layer and image, over random
DNNsim traces that go through `heddle trace import dnnsim`."""
import json
import zlib

import numpy as np
import pytest
from conftest import ROOT

import dnnsim_reference as ref
from dnnsim_layers import Array, Layer

ARRAYS = [Array(), Array(tiles=2, rows=4, columns=4), Array(tiles=3, rows=5, columns=7)]
DESIGNS = {
    "dadn": ref.dadn,
    "stripes": ref.stripes,
    "shapeshifter": ref.shapeshifter,
    "loom": ref.loom,
    "loom_dynamic_weights": lambda layer, array: ref.loom(layer, array, dynamic_weights=True),
    "pragmatic": ref.pragmatic,
    "laconic": ref.laconic,
    "tcl": ref.tcl,
    "tclp": ref.tclp,
    "tcle": ref.tcle,
}
# Documented options of the compatible configurations: (configuration, --set, reference).
OPTIONS = [
    ("shapeshifter", {"trim_low": True}, lambda layer, array: ref.shapeshifter(layer, array, minor_bit=True)),
    (
        "shapeshifter",
        {"trim_low": True, "group_size": 48},
        lambda layer, array: ref.shapeshifter(layer, array, 3, minor_bit=True),
    ),
    ("shapeshifter", {"run_ahead_registers": 1}, lambda layer, array: ref.shapeshifter(layer, array, registers=1)),
    (
        "shapeshifter",
        {"run_ahead_registers": 3, "group_size": 32},
        lambda layer, array: ref.shapeshifter(layer, array, 2, registers=3),
    ),
    ("loom", {"bits_per_cycle": 2}, lambda layer, array: ref.loom(layer, array, 2)),
    ("loom", {"trim_low": True}, lambda layer, array: ref.loom(layer, array, minor_bit=True)),
    (
        "loom_dynamic_weights",
        {"bits_per_cycle": 4, "trim_low": True},
        lambda layer, array: ref.loom(layer, array, 4, dynamic_weights=True, minor_bit=True),
    ),
    ("pragmatic", {"first_stage_bits": 0}, lambda layer, array: ref.pragmatic(layer, array, 0)),
    (
        "pragmatic",
        {"first_stage_bits": 3, "encoder": "ioe"},
        lambda layer, array: ref.pragmatic(layer, array, 3, ref.ioe_terms),
    ),
    ("pragmatic", {"run_ahead_registers": 2}, lambda layer, array: ref.pragmatic(layer, array, registers=2)),
    ("laconic", {"encoder": "ioe"}, lambda layer, array: ref.laconic(layer, array, ref.ioe_terms)),
    ("tclp", {"trim_low": True}, lambda layer, array: ref.tclp(layer, array, minor_bit=True)),
    ("tcle", {"encoder": "ioe", "first_stage_bits": 1}, lambda layer, array: ref.tcle(layer, array, 1, ref.ioe_terms)),
]


def values(random, shape, signed, bits):
    """Integers with zeros, small and large magnitudes, as in trained layers; sometimes whole planes are zero."""
    high = 2 ** (bits - 1 if signed else bits) - 1
    out = random.integers(-high if signed else 0, high + 1, shape) >> random.integers(0, bits, shape)
    out[random.random(shape) < random.choice([0.1, 0.5, 0.8])] = 0
    return out


class Case:
    """A random network in DNNsim's files, and the same tensors for the reference."""

    def __init__(self, folder, seed, depthwise):
        self.random = random = np.random.default_rng([seed, 77])
        self.folder, self.layers, lines = folder, {}, []
        self.images = int(random.integers(1, 4))
        self.has_precisions = bool(random.integers(0, 2))
        (folder / "models" / "net").mkdir(parents=True)
        (folder / "net_traces" / "net").mkdir(parents=True)
        precisions = [[], [], [], []]
        for i, kind in enumerate(
            ["depthwise", "depthwise", "multiplied"] if depthwise else ["conv", "conv", "fc", "image"]
        ):
            name = f"{kind}{i}"
            stride, pad = self.add(name, kind, precisions)
            lines.append(f"{name},{'fc' if kind == 'fc' else 'conv'},{stride},{pad}")
        (folder / "models" / "net" / "model.csv").write_text("\n".join(lines) + "\n")
        if self.has_precisions:
            text = "magnitude, fraction\n" + "".join(";".join(map(str, row)) + "\n" for row in precisions)
            (folder / "models" / "net" / "precision.txt").write_text(text)

    def shape(self, kind):
        random = self.random

        def pick(low, high):
            return int(random.integers(low, high + 1))

        if kind == "fc":
            inputs, outputs = pick(1, 120), pick(1, 40)
            return (inputs,), (outputs, inputs), 1, 0
        kernel_h, kernel_w = pick(1, 3), pick(1, 3)
        height, width = pick(kernel_h, 7), pick(kernel_w, 7)
        stride, pad = pick(1, 2), pick(0, 1)
        if kind == "depthwise":
            channels = pick(2, 36)
            return (channels, height, width), (channels, 1, kernel_h, kernel_w), stride, pad
        if kind == "multiplied":  # depthwise, several filters per channel
            channels = pick(2, 20)
            return (channels, height, width), (channels * pick(2, 3), 1, kernel_h, kernel_w), stride, pad
        if kind == "image":
            return (3, height + 2, width + 2), (pick(1, 20), 3, kernel_h, kernel_w), 2, pad
        groups = pick(1, 3) if random.random() < 0.4 else 1
        channels, filters = groups * pick(2, 20), groups * pick(1, 24)
        return (channels, height, width), (filters, channels // groups, kernel_h, kernel_w), stride, pad

    def add(self, name, kind, precisions):
        random = self.random
        activation_shape, weight_shape, stride, pad = self.shape(kind)
        if kind == "image":  # whole folds, so that folding keeps the number of outputs
            (c, h, w), (_, _, r, s) = activation_shape, weight_shape
            activation_shape = (c, h + (h + r) % 2, w + (w + s) % 2)
        signed = bool(random.integers(0, 2))
        bits = [int(random.integers(2, 17)) if self.has_precisions else 16 for _ in range(2)]
        activations = values(random, (self.images, *activation_shape), signed, min(bits[0], 15 if not signed else 16))
        if self.images > 1 and random.random() < 0.3:
            activations[0] = abs(activations[0])  # one image alone would look unsigned
        weights = values(random, weight_shape, True, bits[1])
        folder = self.folder / "net_traces" / "net"
        np.save(folder / f"wgt-{name}.npy", weights.astype(np.float32))
        np.save(folder / f"act-{name}-0.npy", activations.astype(np.float32))
        for row, number in zip(precisions, (bits[0], 0, bits[1], 0)):
            row.append(number)
        self.layers[name] = [
            Layer(
                image, weights, bits[0], bits[1], bool((activations < 0).any()), bool((weights < 0).any()), stride, pad
            )
            for image in activations
        ]
        return stride, pad


def counted(heddle, trace, config, array, sets=(), fidelity="timing"):
    arguments = [f"parameters.{k}={json.dumps(v)}" for k, v in dict(sets).items()]
    shape = {"rows": array.rows, "columns": array.columns, "tiles": array.tiles}
    if config == "dadn":
        shape["filters_per_tile"] = shape.pop("rows")
    arguments += [f"parameters.{k}={v}" for k, v in shape.items()]
    arguments.append(f"parameters.{'lpe_width' if config == 'laconic' else 'pe_width'}={array.pe_width}")
    code, stdout, stderr = heddle(
        "run",
        ROOT / "configs" / "compat" / "dnnsim" / f"{config}.json",
        "--trace",
        trace,
        "--json",
        "-q",
        "--fidelity",
        fidelity,
        *(x for a in arguments for x in ("--set", a)),
    )
    assert code == 0, stderr
    return {
        (layer["name"], k): layer["compute_cycles"]
        for k, s in enumerate(json.loads(stdout)["samples"])
        for layer in s["layers"]
    }


def check(heddle, case, config, array, reference, sets=(), fidelity="timing"):
    found = counted(heddle, case.folder / "out.trace", config, array, sets, fidelity)
    wanted = {
        (name, k): reference(layer, array) for name, images in case.layers.items() for k, layer in enumerate(images)
    }
    assert found == wanted, f"{config} {sets} {array}"


def imported(heddle, folder, seed, depthwise=False):
    case = Case(folder, seed, depthwise)
    code, _, stderr = heddle("trace", "import", "dnnsim", folder, "--network", "net", "-o", folder / "out.trace")
    assert code == 0, stderr
    return case


@pytest.mark.parametrize("seed", range(6))
def test_compute_cycles_follow_the_rules(heddle, tmp_path, seed):
    case = imported(heddle, tmp_path, seed)
    for config, reference in DESIGNS.items():
        check(heddle, case, config, ARRAYS[seed % len(ARRAYS)], reference)


@pytest.mark.parametrize(
    "seed, array",
    enumerate(
        [
            Array(),
            Array(rows=32),
            Array(2, 6, 7),
            Array(pe_width=8),
            Array(2, 8, 9, 4),
            Array(1, 1, 4),
        ]
    ),
)
def test_depthwise_layers_follow_the_rules(heddle, tmp_path, seed, array):
    """min(16, rows) channels at a time, on as many lanes and rows of one tile."""
    case = imported(heddle, tmp_path, 100 + seed, depthwise=True)
    for config, reference in DESIGNS.items():
        if array.rows <= 16 or not config.startswith("tcl"):  # the scheduler's rows
            check(heddle, case, config, array, reference)


@pytest.mark.parametrize("seed, array", enumerate([Array(pe_width=8), Array(2, 6, 7, 8), Array(2, 8, 9, 4)]))
def test_narrow_units_are_composed(heddle, tmp_path, seed, array):
    """The arrays of narrow units, too, take these cycles, and their outputs are exact."""
    case = imported(heddle, tmp_path, 200 + seed)
    for config, reference in DESIGNS.items():
        check(heddle, case, config, array, reference, fidelity="bit-true")
    for config, sets, reference in OPTIONS:
        if "run_ahead_registers" not in sets and "group_size" not in sets:
            check(heddle, case, config, array, reference, sets, "bit-true")


@pytest.mark.parametrize("config, sets, reference", OPTIONS, ids=lambda x: x if isinstance(x, str) else None)
def test_documented_options_follow_the_rules(heddle, tmp_path, config, sets, reference):
    case = imported(heddle, tmp_path, zlib.crc32(repr((config, sets)).encode()))
    check(heddle, case, config, ARRAYS[2], reference, sets)
