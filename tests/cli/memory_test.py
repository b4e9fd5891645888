# SPDX-License-Identifier: Apache-2.0
"""Memory systems through the whole program: every cycle and every byte accounted for, against sums made here."""
import json

import jsonschema
import numpy
import pytest
from conftest import DIGITS, ROOT

SYSTEMS = ROOT / "configs" / "memory_systems"
IDEAL = json.loads((SYSTEMS / "ideal_16gb_per_s_1mb.json").read_text())
DEVICE = str(ROOT / "configs" / "memories" / "lpddr4_4267_8gb_x16.json")


def memory(kind: str, activations, weights, **keys) -> dict:
    off_chip = {"kind": "dram", "device": DEVICE} if kind == "dram" else IDEAL["off_chip"]
    return {
        "off_chip": off_chip,
        "activation_memory": {"capacity_bytes": activations},
        "weight_memory": {"capacity_bytes": weights},
        **keys,
    }


def run(heddle, config, trace, system, *more) -> dict:
    code, stdout, stderr = heddle(
        "run", config, "--trace", trace, "--set", "memory=" + json.dumps(system), *more, "--json", "-q"
    )
    assert code == 0, stderr
    return json.loads(stdout)


def check_identities(result: dict) -> None:
    """The ledger and the bytes, summed in every way that the result offers."""
    exact = "dram" not in result["memory"]["off_chip"]
    lanes = result["array"]["lanes"]
    for row in [result["totals"], *result["layers"], *(x for s in result["samples"] for x in s["layers"])]:
        assert row["cycles"] == row["compute_cycles"] + sum(row["stall_cycles"].values())
        assert sum(row["lane_cycles"].values()) == row["compute_cycles"] * lanes
        assert sum(v for k, v in row["off_chip_bytes"].items() if k != "total") == row["off_chip_bytes"]["total"]
    for layer in result["layers"]:
        blocking = layer["details"]["blocking"]
        planned = blocking["off_chip_bytes"]
        moved = layer["off_chip_bytes"]["total"]
        assert planned == sum(blocking["off_chip_bytes_by_tensor"].values())
        assert planned == min(v for v in blocking["off_chip_bytes_by_order"].values() if v is not None)
        assert moved == planned if exact else planned <= moved
    totals, off_chip, timeline = result["totals"], result["memory"]["off_chip"], result["timeline"]
    assert off_chip["read_bytes"] + off_chip["written_bytes"] == totals["off_chip_bytes"]["total"]
    assert sum(timeline["off_chip_read_bytes"]) == off_chip["read_bytes"]
    assert sum(timeline["off_chip_written_bytes"]) == off_chip["written_bytes"]
    assert sum(timeline["computing_cycles"]) == totals["compute_cycles"]
    assert max(timeline["computing_cycles"]) <= timeline["interval_cycles"]
    assert timeline["layer_end_cycles"][-1] == totals["cycles"] == sum(x["cycles"] for x in result["layers"])
    on_chip = result["accelerator"]["memory"]
    moved = result["memory"]
    assert moved["activation_memory"]["array_read_bytes"] == moved["input_buffer"]["written_bytes"]
    assert moved["input_buffer"]["written_bytes"] == moved["input_buffer"]["read_bytes"]
    assert moved["activation_memory"]["array_written_bytes"] == moved["output_buffer"]["written_bytes"]
    assert moved["output_buffer"]["written_bytes"] == moved["output_buffer"]["read_bytes"]
    for name in ("weight_memory", "activation_memory"):
        capacity = on_chip[name]["capacity_bytes"]
        if capacity != "unlimited":
            assert max(timeline[name + "_bytes"]) <= capacity
    if not exact:
        dram = off_chip["dram"]
        assert (dram["read_bursts"] + dram["write_bursts"]) * 32 == totals["off_chip_bytes"]["total"]


# Too small to keep every tensor of the digits network, large enough for a blocking of every layer.
TIGHT = {"loom_1b": (2000, 6000)}


@pytest.mark.parametrize("kind", ["ideal", "dram"])
@pytest.mark.parametrize(
    "config", ["dadn", "stripes", "loom_1b", "tartan", "dprs", "pragmatic_2b_1r", "tcle", "laconic_128"]
)
def test_every_design_runs_with_tight_and_ample_memory(heddle, config, kind):
    none = json.loads(heddle("run", config, "--trace", "digits-16b", "--json", "-q")[1])
    assert none["totals"]["cycles"] == none["totals"]["compute_cycles"]
    schema = json.loads(heddle("schema", "result")[1])
    tight = run(heddle, config, "digits-16b", memory(kind, *TIGHT.get(config, (9000, 24000))))
    ample = run(heddle, config, "digits-16b", memory(kind, "unlimited", "unlimited"))
    for result in (tight, ample):
        jsonschema.validate(result, schema)
        check_identities(result)
    assert ample["totals"]["compute_cycles"] == none["totals"]["compute_cycles"]
    assert ample["totals"]["off_chip_bytes"]["total"] < tight["totals"]["off_chip_bytes"]["total"]
    assert sum("unlimited" in note for note in ample["notes"]) == 2
    # With room for everything, tensors between layers never leave the chip.
    for layer in ample["layers"][1:]:
        assert layer["details"]["blocking"]["off_chip_bytes_by_tensor"]["input"] == 0


def test_alexnet_by_hand(heddle):
    """16-bit containers, 512 KiB and 512 KiB; every number is a product of shapes (docs/memory.md)."""
    result = run(heddle, "stripes", "alexnet-100", memory("ideal", 524288, 524288))
    check_identities(result)
    bytes_of = {x["name"]: x["off_chip_bytes"] for x in result["layers"]}
    assert bytes_of["conv1"]["input_activations"] == 2 * 3 * 227 * 227
    assert bytes_of["conv1"]["weights"] == 2 * 96 * 3 * 11 * 11
    assert bytes_of["conv1"]["output_activations"] == bytes_of["conv2"]["input_activations"] == 0
    assert bytes_of["conv2"]["weights"] == 2 * 256 * 48 * 5 * 5
    # Pooled before it leaves the chip. The input of conv2 stays, so that conv2's own output does not.
    assert bytes_of["conv2"]["output_activations"] == 2 * 256 * 13 * 13
    assert bytes_of["conv3"]["input_activations"] == 2 * 256 * 13 * 13
    assert bytes_of["conv3"]["weights"] == 2 * 384 * 256 * 9
    assert bytes_of["conv3"]["output_activations"] == 0
    for name, weights in {
        "conv4": 384 * 192 * 9,
        "conv5": 256 * 192 * 9,
        "fc6": 9216 * 4096,
        "fc7": 4096 * 4096,
    }.items():
        assert bytes_of[name]["total"] == bytes_of[name]["weights"] == 2 * weights
    assert bytes_of["fc8"]["total"] == 2 * (4096 * 1000 + 1000)


def test_more_bandwidth_never_adds_cycles(heddle):
    cycles = []
    for bandwidth in (100, 1000, 5000, 16000, "unlimited"):
        system = memory("ideal", 9000, 24000)
        system["off_chip"] = {"kind": "ideal", "bandwidth_mb_per_s": bandwidth}
        cycles.append(run(heddle, "stripes", "digits-16b", system)["totals"]["cycles"])
    assert cycles == sorted(cycles, reverse=True)
    assert cycles[0] > cycles[-1]


def test_storage_changes_what_moves(heddle):
    moved = {}
    for storage in ("container", "bit_interleaved", "compressed"):
        result = run(heddle, "stripes", "digits-16b", memory("ideal", 9000, 24000, storage=storage))
        check_identities(result)
        assert result["plan"]["storage"] == storage
        moved[storage] = result["totals"]["off_chip_bytes"]["total"]
    assert moved["compressed"] < moved["container"]
    assert moved["bit_interleaved"] < moved["container"]


def test_a_slow_decoder_costs_cycles(heddle):
    fast = run(heddle, "dprs", "digits-16b", memory("ideal", 9000, 24000, codec={"decoder_groups_per_cycle": 64}))
    slow = memory("ideal", 9000, 24000)
    slow["off_chip"] = {"kind": "ideal", "bandwidth_mb_per_s": "unlimited", "latency_ns": 0}
    quick = run(heddle, "dprs", "digits-16b", {**slow, "codec": {"decoder_groups_per_cycle": 64}})
    slow = run(heddle, "dprs", "digits-16b", {**slow, "codec": {"decoder_groups_per_cycle": 1}})
    assert quick["totals"]["cycles"] < slow["totals"]["cycles"]
    assert quick["totals"]["off_chip_bytes"] == slow["totals"]["off_chip_bytes"] == fast["totals"]["off_chip_bytes"]


def test_a_decoder_that_can_be_the_bottleneck_is_named(heddle):
    system = memory("ideal", 9000, 24000)
    for bandwidth, groups, is_named in ((16000, 8, False), (16000, 6, True), (200000, 8, True), (200000, 90, False)):
        system["off_chip"] = {"kind": "ideal", "bandwidth_mb_per_s": bandwidth}
        system["codec"] = {"decoder_groups_per_cycle": groups}
        notes = run(heddle, "dprs", "digits-16b", system)["notes"]
        assert any("the decoder" in note for note in notes) == is_named, (bandwidth, groups)
    assert not any("the decoder" in note for note in run(heddle, "stripes", "digits-16b", system)["notes"])


def test_a_slow_encoder_holds_up_outputs(heddle):
    # 9,000 bytes of activation memory send tensors off chip. Without double buffering the outputs of a piece leave
    # before the next piece starts.
    system = memory("ideal", 9000, 24000, codec={"decoder_groups_per_cycle": 1024, "encoder_groups_per_cycle": 1024})
    system["activation_memory"]["double_buffered"] = False
    system["off_chip"] = {"kind": "ideal", "bandwidth_mb_per_s": "unlimited", "latency_ns": 0}
    fast = run(heddle, "dprs", "digits-16b", system)["totals"]
    slow = run(
        heddle,
        "dprs",
        "digits-16b",
        {**system, "codec": {"decoder_groups_per_cycle": 1024, "encoder_groups_per_cycle": 1}},
    )["totals"]
    assert slow["stall_cycles"]["outputs"] > fast["stall_cycles"]["outputs"]
    assert slow["off_chip_bytes"] == fast["off_chip_bytes"]
    container = run(heddle, "dprs", "digits-16b", {**system, "storage": "container"})["totals"]
    again = run(heddle, "dprs", "digits-16b", {**system, "storage": "container", "codec": {}})["totals"]
    assert container["cycles"] == again["cycles"]


BUFFERS = [
    {"input_buffer": {"double_buffered": False}},
    {"output_buffer": {"double_buffered": False}},
    {"input_buffer": {"banks": 1, "port_bits": 64}},
    {"output_buffer": {"banks": 1, "port_bits": 64}},
    {"input_buffer": {"capacity_bytes": 64, "read_latency_cycles": 100}},
    {"output_buffer": {"capacity_bytes": 64}},
    {"dispatcher": {"bytes_per_cycle": 8}},
    {"reducer": {"bytes_per_cycle": 4}},
    {"dispatcher": {"latency_cycles": 100}},
    {"reducer": {"latency_cycles": 100}},
]


@pytest.mark.parametrize("change", BUFFERS, ids=lambda x: json.dumps(x))
def test_what_stands_between_memory_and_tiles_takes_time(heddle, change):
    free = memory("ideal", "unlimited", "unlimited")
    free["off_chip"] = {"kind": "ideal", "bandwidth_mb_per_s": "unlimited", "latency_ns": 0}
    before, after = (run(heddle, "stripes", "digits-16b", x) for x in (free, {**free, **change}))
    check_identities(after)
    assert after["totals"]["cycles"] > before["totals"]["cycles"]
    assert after["totals"]["compute_cycles"] == before["totals"]["compute_cycles"]
    assert after["totals"]["off_chip_bytes"] == before["totals"]["off_chip_bytes"]
    name, keys = next(iter(change.items()))
    assert keys.items() <= after["accelerator"]["memory"][name].items()


def test_overrides_lead_into_memory_files(heddle):
    named = "memory=configs/memory_systems/lpddr4_4267_1mb.json"
    keys = ["memory.weight_memory.capacity_bytes=1048576", "memory.off_chip.device.controller.queue_depth=64"]
    results = []
    for order in ([named, *keys], [*keys, named]):
        arguments = [x for key in order for x in ("--set", key)]
        code, stdout, stderr = heddle("run", "stripes", "--trace", "digits-16b", *arguments, "--json", "-q")
        assert code == 0, stderr
        results.append(stdout)
    assert results[0] == results[1]
    system = json.loads(results[0])["accelerator"]["memory"]
    assert system["weight_memory"]["capacity_bytes"] == 1048576
    assert system["activation_memory"]["capacity_bytes"] == 524288
    assert system["off_chip"]["device"]["controller"]["queue_depth"] == 64
    assert system["off_chip"]["device"]["name"] == "lpddr4_4267_8gb_x16"
    for key, words in {
        "memory.weight_memry.banks=4": [
            "--set memory.weight_memry.banks=4",
            "/memory/weight_memry",
            "did you mean 'weight_memory'",
        ],
        "memory.off_chip.device.controller.queue_deph=4": ["queue_deph", "did you mean 'queue_depth'"],
        "memory.weight_memory.banks=0": ["/memory/weight_memory/banks", "outside 1 to 65536"],
    }.items():
        code, _, stderr = heddle("run", "stripes", "--trace", "digits-16b", "--set", named, "--set", key, "-q")
        assert code == 2
        assert all(word in stderr for word in words), stderr
    for first, words in {
        "memory=none": "'/memory' is \"none\", neither an object nor the name of a file",
        "memory.storage=design": "/memory/off_chip: key 'kind' is missing",
    }.items():
        code, _, stderr = heddle("run", "stripes", "--set", first, "--set", "memory.weight_memory.banks=4", "-q")
        assert code == 2 and words in stderr


EXTREMES = {
    "unlimited": {
        "activation_memory": {"capacity_bytes": "unlimited", "port_bits": "unlimited"},
        "weight_memory": {"capacity_bytes": "unlimited", "port_bits": "unlimited"},
        "input_buffer": {"capacity_bytes": "unlimited", "port_bits": "unlimited"},
        "output_buffer": {"capacity_bytes": "unlimited", "port_bits": "unlimited"},
        "dispatcher": {"bytes_per_cycle": "unlimited"},
        "reducer": {"bytes_per_cycle": "unlimited"},
        "off_chip": {"kind": "ideal", "bandwidth_mb_per_s": "unlimited"},
    },
    "slow": {"off_chip": {"kind": "ideal", "bandwidth_mb_per_s": 1, "latency_ns": 1000000000}},
    "narrow": {
        name: {"banks": 1, "port_bits": 8, "read_latency_cycles": 1000, "write_latency_cycles": 1000}
        for name in ("activation_memory", "weight_memory", "input_buffer", "output_buffer")
    },
    "tiny buffers": {"input_buffer": {"capacity_bytes": 64}, "output_buffer": {"capacity_bytes": 64}},
    "single": {
        name: {"double_buffered": False}
        for name in ("activation_memory", "weight_memory", "input_buffer", "output_buffer")
    },
}


@pytest.mark.parametrize("extreme", EXTREMES)
@pytest.mark.parametrize(
    "config", ["dadn", "stripes", "loom_1b", "tartan", "dprs", "pragmatic_2b_1r", "tcle", "laconic_128"]
)
def test_extremes_end_and_add_up(heddle, config, extreme):
    result = run(heddle, config, "digits-8b", {"off_chip": IDEAL["off_chip"], **EXTREMES[extreme]})
    check_identities(result)
    system = {"off_chip": IDEAL["off_chip"], "weight_memory": {"capacity_bytes": 64}, **EXTREMES[extreme]}
    system["weight_memory"] = {**system["weight_memory"], "capacity_bytes": 64}
    code, _, stderr = heddle("run", config, "--trace", "digits-8b", "--set", "memory=" + json.dumps(system), "-q")
    assert code == 2
    assert "fits in no blocking: it needs at least" in stderr and "bytes of weight_memory;" in stderr


def test_a_run_beyond_simulated_time_is_refused(heddle):
    single = {"capacity_bytes": 40000, "double_buffered": False}
    system = {
        "off_chip": {"kind": "ideal", "bandwidth_mb_per_s": 1, "latency_ns": 1000000000},
        "activation_memory": single,
        "weight_memory": single,
    }
    code, _, stderr = heddle("run", "dpnn", "--trace", "vgg_19-100", "--set", "memory=" + json.dumps(system), "-q")
    assert code == 2 and "simulated time" in stderr and "sc_stop" not in stderr


def test_packed_weights_are_what_bit_tactical_moves(heddle):
    schedule = json.loads(heddle("schedule", "tcle", "--trace", "digits-16b", "--json")[1])
    result = run(heddle, "tcle", "digits-16b", memory("ideal", "unlimited", "unlimited"))
    for layer, packed in zip(result["layers"], schedule["layers"]):
        slots = packed["select_bits"] // 3  # T<2,5> selects among 8
        # 16-bit containers. All weights fit, so they are loaded for the first of the four samples.
        assert layer["off_chip_bytes"]["weights"] == 2 * slots
        assert layer["off_chip_bytes"]["metadata"] == -(-(packed["select_bits"] + packed["skip_bits"]) // 8)
    assert result["plan"]["weights_stay"]


def test_request_traces_hold_every_byte(heddle, tmp_path):
    arguments = ["--trace", "digits-16b", "--set", "memory=" + json.dumps(memory("dram", 9000, 24000))]
    code, stdout, stderr = heddle("run", "stripes", *arguments, "--json", "-q", "--dram-trace", tmp_path / "a.trace")
    assert code == 0, stderr
    totals = json.loads(stdout)["totals"]["off_chip_bytes"]
    code, _, stderr = heddle(
        "run", "stripes", *arguments, "-q", "--dram-trace", tmp_path / "b.trace", "--dram-trace-form", "dramsys"
    )
    assert code == 0, stderr
    ours = [line.split() for line in (tmp_path / "a.trace").read_text().splitlines()]
    theirs = [line.split() for line in (tmp_path / "b.trace").read_text().splitlines()]
    assert len(ours) * 32 == totals["total"]
    assert sum(x[1] == "WRITE" for x in ours) * 32 == totals["output_activations"] + totals["partial_sums"] // 2
    assert [[f"{x[2]}:", x[1].lower(), x[0]] for x in ours] == theirs
    cycles = [int(x[2]) for x in ours]
    assert cycles == sorted(cycles)
    code, stdout, stderr = heddle("dram", DEVICE, "--trace", tmp_path / "a.trace", "--json")
    assert code == 0, stderr
    assert json.loads(stdout)["bytes"] == totals["total"]


def test_bit_true_with_memory_proves_the_same_layers(heddle):
    result = run(heddle, "stripes", "digits-16b", memory("ideal", 9000, 24000), "--fidelity", "bit-true")
    check_identities(result)
    assert result["verification"]["outputs"] > 0


def test_describe_and_schema_know_memory(heddle):
    text = heddle("describe", "stripes")[1]
    for key in ("off_chip", "decoder_groups_per_cycle", "weight_memory", "read_latency_cycles"):
        assert key in text
    schema = json.loads(heddle("schema", "stripes")[1])
    config = json.loads((ROOT / "configs" / "accelerators" / "stripes.json").read_text())
    for value in ("none", "../memory_systems/lpddr4_4267_1mb.json", memory("dram", 6000, "unlimited")):
        jsonschema.validate({**config, "memory": value}, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**config, "memory": {"off_chip": {"kind": "flash"}}}, schema)


def test_memory_and_device_each_describe_their_own_keys(heddle):
    config = json.loads((ROOT / "configs" / "accelerators" / "stripes.json").read_text())
    in_model = json.loads(heddle("describe", config["model"], "--json")[1])["memory"]
    section = json.loads(heddle("describe", "memory", "--json")[1])["parameters"]
    assert section == in_model
    assert {"off_chip", "activation_memory", "dma"} <= {row["name"] for row in section}
    schema = json.loads(heddle("schema", "memory")[1])
    for value in ("none", "lpddr4_4267_1mb", memory("dram", 6000, "unlimited")):
        jsonschema.validate(value, schema)
    device = json.loads(heddle("describe", "device", "--json")[1])["parameters"]
    assert {"format", "kind", "device", "controller"} <= {row["name"] for row in device}
    shipped = json.loads((ROOT / "configs" / "memories" / "lpddr4_4267_8gb_x16.json").read_text())
    assert set(shipped) <= {row["name"] for row in device}
    assert json.loads(heddle("schema", "device")[1])["title"] == "heddle-memory, kind dram"


def dpred_bits(values: numpy.ndarray, signed: bool) -> int:
    """Runs of channels in the last axis; groups of 16 by their definition, the cheaper form of the tensor."""
    runs = values.reshape(-1, values.shape[-1])
    vector = plain = 0
    for at in range(0, runs.shape[1], 16):
        group = runs[:, at : at + 16].astype(numpy.int64)
        magnitude = numpy.where(group < 0, -group - 1, group).max(axis=1)
        width = numpy.array([max(1, int(m).bit_length() + signed) for m in magnitude])
        n = group.shape[1]
        vector += int((n + 4 + (group != 0).sum(axis=1) * width).sum())
        plain += int((4 + n * width).sum())
    return min(vector, plain)


def test_stats_show_what_every_tensor_takes_in_each_form_of_storage(heddle):
    stats = json.loads(heddle("trace", "stats", "digits-16b", "--json")[1])
    by_name = {(x["layer"], x["tensor"]): x for x in stats["tensors"]}
    weights = numpy.load(DIGITS / "tensors" / "conv2.w.npy")
    row = by_name["conv2", "weight"]
    assert row["bits"]["container"] == 16 * weights.size
    assert row["bits"]["zero_value"] == weights.size + 16 * int((weights != 0).sum())
    assert row["bits"]["precision"] == row["precision_bits"] * weights.size
    assert row["bits"]["compressed"] == dpred_bits(weights.transpose(0, 2, 3, 1), row["signed"])
    row = by_name["conv2", "activation"]
    samples = [numpy.load(DIGITS / "tensors" / f"conv2.x.s{i}.npy") for i in range(4)]
    assert row["bits"]["compressed"] == sum(dpred_bits(x.transpose(0, 2, 3, 1), row["signed"]) for x in samples)
    whole = stats["totals"]["all"]["bits"]
    assert whole["container"] == sum(x["bits"]["container"] for x in stats["tensors"])
    assert whole["compressed"] < whole["precision"] < whole["container"]
    code, _, stderr = heddle("trace", "stats", "digits-16b", "--container-bits", "12")
    assert code == 2 and "expected 8 or 16" in stderr
