# SPDX-License-Identifier: Apache-2.0
"""On-chip bytes of outputs are those that are stored: bits where storage is bit-interleaved, containers otherwise."""
import json

import pytest


def result_of(heddle, *arguments):
    code, out, err = heddle("run", *arguments, "--json", "-q")
    assert code == 0, err
    return json.loads(out)


def manifest_bits(trace):
    return {x["id"]: x["precision"]["a_bits"] for x in trace.manifest()["layers"] if "operands" in x}


@pytest.mark.parametrize("memory", ["none", "ideal_16gb_per_s_1mb", "lpddr4_4267_1mb"])
def test_outputs_of_a_bit_interleaved_design_take_the_bits_of_their_reader(heddle, trace, memory):
    bits = manifest_bits(trace)
    shapes = {x["id"]: x["shape"] for x in trace.manifest()["layers"] if "operands" in x}
    # Who reads what the layer makes; conv3 makes the sum, conv4 the pooled image. No layer reads fc2's output.
    readers = {"conv1": "conv2", "conv2": "conv3", "conv3": "conv4", "conv4": "conv5", "conv5": "fc1", "fc1": "fc2"}
    result = result_of(heddle, "loom_1b", "--trace", str(trace.path), "--set", f"memory={memory}")
    stored = {x["name"]: x["on_chip_bytes"] for x in result.get("plan", {}).get("tensors", [])}
    for layer in result["samples"][0]["layers"]:
        shape = shapes[layer["name"]]
        values = shape["K"] * shape.get("OH", 1) * shape.get("OW", 1) if "K" in shape else shape["N"]
        width = bits[readers[layer["name"]]] if layer["name"] in readers else 16
        written = layer["on_chip_bytes"]["output_activations"]
        assert written == (values * width + 7) // 8
        if layer["name"] in ("conv1", "conv2", "conv5", "fc1", "fc2") and stored:
            assert written == stored[layer["name"]]
        if memory != "none":
            assert layer["memory_accesses"]["output_buffer"]["written_bytes"] >= written


def test_outputs_of_other_designs_and_storage_stay_containers(heddle):
    containers = result_of(heddle, "stripes", "--trace", "digits-16b", "--set", "memory=none")
    for more in (("loom_1b", "--set", "parameters.storage=container"), ("dprs",)):
        other = result_of(heddle, *more, "--trace", "digits-16b", "--set", "memory=none")
        assert other["totals"]["on_chip_bytes"]["output_activations"] == (
            containers["totals"]["on_chip_bytes"]["output_activations"]
        )
