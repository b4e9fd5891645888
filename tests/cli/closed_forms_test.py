# SPDX-License-Identifier: Apache-2.0
"""The papers' closed forms, written a second time from the data files alone, against the program: every layer
of all six networks at both profiles, exactly. The tolerance is zero because everything is an integer."""
import json
import math

import pytest
from conftest import ROOT

DATA = ROOT / "configs" / "networks" / "data"
NETWORKS = json.loads((DATA / "networks.json").read_text())["networks"]
PROFILES = json.loads((DATA / "precision_profiles.json").read_text())
SIX = ["AlexNet", "NiN", "GoogLeNet", "VGG_M", "VGG_S", "VGG_19"]


def up(a, b):
    return -(-a // b)


def steps(layer):
    """Published counting: groups ignored; a strided image layer counts one brick per folded position."""
    if layer["C"] == 3 and layer["stride"] > 1:
        return up(layer["R"], layer["stride"]) * up(layer["S"], layer["stride"])
    return layer["R"] * layer["S"] * up(layer["C"], 16)


def dadn(layer, pa, pw, filters):
    passes = up(layer["K"], filters)
    return layer["Ho"] * layer["Wo"] * steps(layer) * passes if layer["type"] == "conv" else up(layer["C"], 16) * passes


def stripes(layer, pa, pw):
    passes = up(layer["K"], 256)
    if layer["type"] == "conv":
        return up(layer["Ho"] * layer["Wo"], 16) * steps(layer) * passes * pa
    return up(layer["C"], 16) * passes + pa - 1  # pa <= 16 columns


def tartan(layer, pa, pw, columns, bits):
    if layer["type"] == "conv":
        return up(layer["Ho"] * layer["Wo"], columns) * steps(layer) * up(layer["K"], 256) * up(pa, bits)
    at_once = 16 * columns * 16
    slices = columns // up(layer["K"], 256) if layer["K"] <= at_once else 1
    return (
        up(up(layer["C"], 16), slices) * up(layer["K"], at_once) * up(max(pa, pw), bits)
        + up(pw, bits)
        + math.ceil(math.log2(slices))
    )


def loom(layer, pa, pw):
    if layer["type"] == "conv":
        return up(layer["Ho"] * layer["Wo"], 16) * steps(layer) * up(layer["K"], 128) * pa * pw
    slices = 16 // up(layer["K"], 128) if layer["K"] <= 128 * 16 else 1
    return up(up(layer["C"], 16), slices) * up(layer["K"], 128 * 16) * 16 * pw + 15


DESIGNS = {
    "papers/stripes_micro16/dadn": lambda x, pa, pw: dadn(x, pa, pw, 256),
    "papers/stripes_micro16/stripes": stripes,
    "papers/tartan/tartan": lambda x, pa, pw: tartan(x, pa, pw, 16, 1),
    "papers/tartan/tartan_2b": lambda x, pa, pw: tartan(x, pa, pw, 8, 2),
    "papers/loom_dac18/dpnn": lambda x, pa, pw: dadn(x, pa, pw, 8),
    "papers/loom_dac18/loom_1b": loom,
}


@pytest.mark.parametrize("network", SIX)
@pytest.mark.parametrize("profile", ["100%", "99%"])
@pytest.mark.parametrize("config", DESIGNS)
def test_every_layer_equals_the_closed_form(heddle, network, profile, config):
    trace = f"{network.lower()}-{profile[:-1]}"
    code, stdout, stderr = heddle("run", config, "--trace", trace, "--json", "-q")
    assert code == 0, stderr
    got = {x["name"]: x["cycles"] for x in json.loads(stdout)["layers"]}
    fc = iter(PROFILES["fc_prec"].get(network, {}).get(profile, []))
    expected = {}
    for layer in NETWORKS[network]["layers"]:
        if layer["type"] == "conv":
            pa = PROFILES["act_conv"][network][profile][layer["precision_group"] - 1]
            pw = PROFILES["conv_weight_prec_loom"][network][profile]
        else:
            pa = pw = next(fc)
        expected[layer["name"]] = DESIGNS[config](layer, pa, pw)
    assert got == expected


def test_the_published_comparisons_hold(heddle):
    code, stdout, stderr = heddle("reproduce", "--json")
    assert code == 0, stdout + stderr
    rows = json.loads(stdout)["comparisons"]
    assert sum(r["kind"] == "shapes" for r in rows) >= 6
    assert all(r["holds"] for r in rows if r["kind"] == "shapes")
    assert all("trend" in r["reason"] for r in rows if r["kind"] == "trend")
