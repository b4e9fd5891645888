# SPDX-License-Identifier: Apache-2.0
"""What a comparison holds against each other before it divides: mappings, sums and layers of the results."""
import json

import pytest


def test_mappings_that_differ_are_said(heddle):
    plain = ("--set", "dadn:mapping.image_layer=plain", "--set", "stripes:mapping.image_layer=folded")
    code, stdout, _ = heddle("compare", "dadn", "stripes", "--trace", "alexnet-100", *plain, "--json", "-q")
    assert code == 0
    differences = {d["what"]: d["text"] for d in json.loads(stdout)["differences"]}
    assert differences["mapping"] == "mappings differ: image_layer: dadn plain, stripes folded"


@pytest.mark.parametrize("key", ["cycles", "macs"])
def test_totals_that_are_not_the_sums_of_the_layers_are_refused(heddle, tmp_path, key):
    assert heddle("run", "stripes", "--trace", "digits-8b", "-q", "--out", tmp_path)[0] == 0
    file = tmp_path / "result.json"
    result = json.loads(file.read_text())
    result["totals"][key] += 1
    file.write_text(json.dumps(result))
    code, _, err = heddle("compare", tmp_path, "dadn", "--trace", "digits-8b")
    assert code == 2
    assert f"/totals/{key}" in err and "the layers sum to" in err


def test_layers_in_another_order_are_refused(heddle, tmp_path):
    for name in ("dadn", "stripes"):
        assert heddle("run", name, "--trace", "digits-8b", "-q", "--out", tmp_path / name)[0] == 0
    file = tmp_path / "stripes" / "result.json"
    result = json.loads(file.read_text())
    result["layers"].reverse()
    file.write_text(json.dumps(result))
    code, _, err = heddle("compare", tmp_path / "dadn", tmp_path / "stripes")
    assert code == 2
    assert "layer 1 is 'conv1' in 'dadn' and 'fc2' in 'stripes'" in err
