# SPDX-License-Identifier: Apache-2.0
"""`heddle schedule`, `heddle potential` and `heddle reproduce` against counts made here from the trace's
own tensors."""
import json

import numpy as np
import pytest
from conftest import DIGITS, ROOT

import dnnsim_reference as ref
from dnnsim_layers import brick

MANIFEST = json.loads((DIGITS / "manifest.json").read_text())
LAYERS = [layer for layer in MANIFEST["layers"] if "operands" in layer]


def run_json(heddle, *arguments):
    code, stdout, stderr = heddle(*arguments, "--json")
    assert code == 0, stderr
    return json.loads(stdout)


def tensors(layer):
    activation, weight = layer["operands"]
    return [np.load(DIGITS / f).astype(np.int64) for f in activation["files"]], np.load(DIGITS / weight["file"]).astype(
        np.int64
    )


def receptive_fields(layer, activations):
    """(window, input of a filter) of one sample, padding included; every layer of this network has one group."""
    if layer["op"] != "conv2d":
        return activations.reshape(1, -1)
    image = activations[0] if activations.ndim == 4 else activations
    top, left, bottom, right = layer["pads"]
    image = np.pad(image, ((0, 0), (top, bottom), (left, right)))
    shape, stride = layer["shape"], layer["stride"]
    rows = []
    for y in range(shape["OH"]):
        for x in range(shape["OW"]):
            at = image[:, y * stride[0] :, x * stride[1] :]
            rows.append(at[:, : shape["R"], : shape["S"]].reshape(-1))
    return np.array(rows)


def naf_terms(value):
    value, count = abs(int(value)), 0
    while value:
        if value & 1:
            digit = 2 - value % 4
            value -= digit
            count += 1
        value //= 2
    return count


TERMS = {
    "naf": np.vectorize(naf_terms, otypes=[np.int64]),
    "raw": np.vectorize(lambda v: bin(abs(int(v))).count("1"), otypes=[np.int64]),
}


@pytest.mark.parametrize("encoder", ["naf", "raw"])
def test_potential_counts_every_product(heddle, encoder):
    found = run_json(heddle, "potential", "digits-16b", "--encoder", encoder)
    assert found["encoder"] == encoder and found["container_bits"] == 16
    total = {}
    for layer, row in zip(LAYERS, found["layers"]):
        wanted = dict.fromkeys(row["bit_products"], 0)
        macs = 0
        files, weights = tensors(layer)
        weights = weights.reshape(weights.shape[0], -1)
        terms_w = TERMS[encoder](weights)
        for activations in files:
            fields = receptive_fields(layer, activations)
            macs += fields.shape[0] * weights.size
            terms_a = TERMS[encoder](fields)
            zero_a, zero_w = (fields != 0).sum(axis=0), (weights != 0).sum(axis=0)
            wanted["skip_zero_activations"] += 256 * int((fields != 0).sum()) * weights.shape[0]
            wanted["skip_zero_weights"] += 256 * int((weights != 0).sum()) * fields.shape[0]
            wanted["skip_zeros"] += 256 * int((zero_a * zero_w).sum())
            wanted["activation_terms"] += 16 * int(terms_a.sum()) * weights.shape[0]
            wanted["both_terms"] += int((terms_a.sum(axis=0) * terms_w.sum(axis=0)).sum())
        wanted["activation_precision"] = macs * layer["precision"]["a_bits"] * 16
        wanted["both_precisions"] = macs * layer["precision"]["a_bits"] * layer["precision"]["w_bits"]
        assert row["layer"] == layer["id"] and row["macs"] == macs and row["dense_bit_products"] == 256 * macs
        for key, value in wanted.items():
            if key != "dynamic_precision":  # another test covers its groups
                assert row["bit_products"][key] == value, (layer["id"], key)
            total[key] = total.get(key, 0) + row["bit_products"][key]
        assert row["bit_products"]["dynamic_precision"] <= row["bit_products"]["activation_precision"]
    assert found["total"]["bit_products"] == total


def test_potential_prints_one_table(heddle):
    code, stdout, stderr = heddle("potential", "digits-16b")
    assert code == 0, stderr
    rows = {line.split()[0]: line for line in stdout.splitlines() if line.strip()}
    assert {layer["id"] for layer in LAYERS} | {"total", "ideal"} <= set(rows)
    found = run_json(heddle, "potential", "digits-16b")["total"]
    for count in found["bit_products"].values():
        assert f"{100 * count / found['dense_bit_products']:.2f} %" in rows["total"]
        assert f"{found['dense_bit_products'] / count:.2f}x" in rows["ideal"]


def filter_columns(layer, weights):
    """[filter][column][lane], down the kernel's columns as DNNsim walks them; zeros fill up the last brick of a
    position."""
    if weights.ndim == 2:
        weights = weights[:, :, None, None]
    out = []
    for kernel in weights:
        out.append(
            [
                brick(kernel[k : k + 16, ky, kx])
                for kx in range(kernel.shape[2])
                for ky in range(kernel.shape[1])
                for k in range(0, kernel.shape[0], 16)
            ]
        )
    return out


def test_schedule_packs_as_the_naive_scheduler_does(heddle):
    """Uses DNNsim's priorities, because dnnsim_reference has a scheduler on lists for them."""
    config = ROOT / "configs" / "compat" / "dnnsim" / "tcl.json"
    found = run_json(heddle, "schedule", config, "--trace", "digits-16b")
    for layer, row in zip(LAYERS, found["layers"]):
        filters = filter_columns(layer, tensors(layer)[1])
        sets = [filters[i : i + 16] for i in range(0, len(filters), 16)]
        # All lanes count as present: what a slot without a channel reads is neither a weight nor a move.
        packed = [ref.schedule(rows, [[range(16)] * len(row) for row in rows]) for rows in sets]
        nonzero = sum(w != 0 for f in filters for column in f for w in column)
        assert row["layer"] == layer["id"]
        assert row["filter_sets"] == len(sets)
        assert row["columns_before"] == len(filters[0]) * len(sets)
        assert row["columns_after"] == sum(len(p) for p in packed)
        assert row["nonzero_weights"] == nonzero == row["own_slots"] + row["moved_slots"]
        moved = sum(
            slot is not None and slot != (t, lane)
            for p in packed
            for t, rows in p
            for r in rows
            for lane, slot in enumerate(r)
        )
        assert row["moved_slots"] == moved == sum(m["weights"] for m in row["moves"])
        assert row["slowest_set_columns_after"] == max(len(p) for p in packed)
        rows_by_weights = np.zeros(17, int)
        for p, rows in zip(packed, sets):
            for t, slots in p:
                for r, slot_row in enumerate(slots):
                    rows_by_weights[sum(s is not None and rows[r][s[0]][s[1]] != 0 for s in slot_row)] += 1
        histogram = row["rows_by_weights_after"]
        assert histogram == rows_by_weights[: len(histogram)].tolist() and not rows_by_weights[len(histogram) :].any()
        assert sum(row["sets_by_kept_tenths"]) == len(sets)


def test_schedule_shows_columns_and_histograms(heddle):
    code, stdout, stderr = heddle("schedule", "tcle", "--trace", "digits-16b", "--layer", "conv2")
    assert code == 0, stderr
    row = run_json(heddle, "schedule", "tcle", "--trace", "digits-16b", "--layer", "conv2")["layers"][0]
    line = next(x for x in stdout.splitlines() if x.startswith("conv2"))
    assert f"{row['columns_before']:,}" in line and f"{row['columns_after']:,}" in line
    assert f"{row['columns_before'] / row['columns_after']:.2f}" in line
    for title in (
        "filter sets by the share of their columns that is kept",
        "filter rows of a column by non-zero weights, before packing",
        "filter rows of a column by non-zero weights, after packing",
        "weights moved, by columns ahead and lanes aside",
    ):
        assert title in stdout
    for move in row["moves"]:
        assert f"({move['columns_ahead']}, {move['lanes_aside']:+d})" in stdout


def test_schedule_refuses_what_does_not_pack(heddle):
    code, _, stderr = heddle("schedule", "stripes")
    assert code == 2 and "does not pack" in stderr
    code, _, stderr = heddle("schedule", "stripes", "--trace", "no-such-trace")
    assert code == 2 and "does not pack" in stderr and "no-such-trace" not in stderr
    code, _, stderr = heddle("schedule", "tcle", "--layer", "konv2")
    assert code == 2 and "conv2" in stderr


def test_reproduce_prints_every_comparison_beside_ours(heddle):
    comparisons = json.loads((ROOT / "configs" / "papers" / "comparisons.json").read_text())["comparisons"]
    found = run_json(heddle, "reproduce", "tartan")
    rows = found["comparisons"] if isinstance(found, dict) else found
    assert [r["claim"] for r in rows] == [c["claim"] for c in comparisons if c["paper"] == "tartan"]
    for row in rows:
        assert row["published"] > 1 and row["speedup"] > 1 and row["reason"]
        if row["kind"] == "shapes":
            assert row["holds"] and abs(row["speedup"] - row["expected"]) <= row["tolerance"]
    ideal = next(r for r in run_json(heddle, "reproduce", "laconic")["comparisons"] if r["measure"] == "ideal_work")
    total = run_json(heddle, "potential", "digits-16b")["total"]
    digits = next(n for n in ideal["networks"] if n["network"] == "digits-16b")
    assert digits["ideal_work"] == total["dense_bit_products"] / total["bit_products"]["both_terms"]
    stored = next(
        r
        for r in run_json(heddle, "reproduce", "dprs")["comparisons"]
        if r["measure"] == "compressed_share" and r["container_bits"] == 16
    )
    totals = run_json(heddle, "trace", "stats", "digits-16b")["totals"]
    bits = {
        form: MANIFEST["samples"] * totals["weight"]["bits"][form] + totals["activation"]["bits"][form]
        for form in ("compressed", "container")
    }  # weights are read once per image
    digits = next(n for n in stored["networks"] if n["network"] == "digits-16b")
    assert digits["compressed_share"] == pytest.approx(100 * bits["compressed"] / bits["container"], rel=1e-12)
    encoders = [r["notes"] for r in run_json(heddle, "reproduce", "pragmatic")["comparisons"]]
    assert encoders[0] == ["terms by encoder raw"] and encoders[3] == ["terms by encoder naf"]
    for comparison in comparisons:  # the maximum form is never held against arXiv 1706.07853v2's average
        if comparison["published"] == 4.38:
            design = json.loads((ROOT / "configs" / (comparison["design"] + ".json")).read_text())
            assert design["parameters"]["weight_sync"] == "mean"


def test_every_report_names_its_encoder(heddle):
    for config, encoder in (("pragmatic_2b_1r_ioe", "ioe"), ("tcle", "naf"), ("laconic_128", "naf")):
        code, stdout, _ = heddle("run", config, "--trace", "digits-16b")
        assert code == 0 and f"terms by encoder {encoder}" in stdout
    code, stdout, _ = heddle("compare", "dadn", "pragmatic_2b_1r_ioe", "tclp", "--trace", "digits-16b")
    assert code == 0 and stdout.count("terms by encoder") == 1
