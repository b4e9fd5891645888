# SPDX-License-Identifier: Apache-2.0
"""Widths of groups of weights: the trace's, else those of its weights, else those that a configuration assumes, else
a refusal."""
import csv
import io
import json

import pytest

GROUP = ("--set", "parameters.weight_precision=group")


def result_of(heddle, *arguments):
    code, out, err = heddle("run", *arguments, "--json", "-q")
    assert code == 0, err
    return json.loads(out)


def conv_cycles(result):
    return {x["name"]: x["compute_cycles"] for x in result["layers"] if x["op"] == "conv2d"}


def without_widths(trace):
    def change(manifest):
        for layer in manifest["layers"]:
            groups = layer.get("precision", {}).pop("w_groups", None)
            if groups:
                del manifest["files"][groups["file"]]
                (trace.path / groups["file"]).unlink()

    return trace.edit(change)


@pytest.mark.parametrize("name", ["loom_1b_group", "loom_2b_group", "dprs_fc", "papers/loom_v2/loom_1b"])
def test_weights_show_the_widths_that_a_trace_does_not_state(heddle, trace, name):
    stated = result_of(heddle, name, "--trace", "digits-16b")
    found = result_of(heddle, name, "--trace", str(without_widths(trace).path))
    assert found["layers"] == stated["layers"]


def test_a_trace_without_widths_and_weights_is_refused_and_both_ways_out_are_named(heddle):
    code, _, err = heddle("run", "loom_1b", "--trace", "alexnet-100", *GROUP)
    assert code == 2
    for text in ("conv2", "weight_precision", "--values synthetic", "group_widths"):
        assert text in err


def test_an_assumed_width_counts_in_place_of_pw_and_every_output_says_so(heddle):
    layer = result_of(heddle, "loom_1b", "--trace", "alexnet-100")
    assume = ("--set", "group_widths.assumed_mean_bits=6")
    assumed = result_of(heddle, "loom_1b", "--trace", "alexnet-100", *GROUP, *assume)
    bits = {x["name"]: x["precision"]["weight_bits"] for x in layer["layers"]}
    bits["conv1"] = 6  # a folded image layer keeps its Pw
    for name, cycles in conv_cycles(layer).items():
        assert cycles * 6 == conv_cycles(assumed)[name] * bits[name]
    # Cascades hold the layer's weight bits.
    assert layer["layers"][-1]["compute_cycles"] == assumed["layers"][-1]["compute_cycles"]
    assert assumed["accelerator"]["group_widths"] == {"assumed_mean_bits": 6}
    note = "assumption: group_widths: the widths of groups of 16 weights of 4 of 8 layers are not the network's"
    assert any(text.startswith(note) for text in assumed["notes"])
    assert note in heddle("run", "loom_1b", "--trace", "alexnet-100", *GROUP, *assume)[1]
    assert "group_widths" not in layer["accelerator"]


def test_a_width_above_pw_counts_as_pw(heddle):
    layer = result_of(heddle, "loom_1b", "--trace", "alexnet-100")
    wide = result_of(heddle, "loom_1b", "--trace", "alexnet-100", *GROUP, "--set", "group_widths.assumed_mean_bits=16")
    assert conv_cycles(layer) == conv_cycles(wide)


def test_a_histogram_gives_its_mean_where_the_mean_counts_and_its_widest_where_the_widest_does(heddle):
    def cycles(*more):
        return conv_cycles(result_of(heddle, "loom_1b", "--trace", "alexnet-100", *GROUP, *more))

    histogram = ("--set", 'group_widths.histogram={"4": 1, "8": 3}')
    seven = cycles("--set", "group_widths.assumed_mean_bits=7")
    eight = cycles("--set", "group_widths.assumed_mean_bits=8")
    for name, got in cycles(*histogram, "--set", "parameters.weight_sync=mean").items():
        assert got == pytest.approx(seven[name], rel=1e-3)
    # 75 % of the groups have 8 bits; a step of 96 or more filters has such a group.
    assert cycles(*histogram) == eight


@pytest.mark.parametrize(
    "arguments, text",
    [
        (("stripes", "--set", "group_widths.assumed_mean_bits=6"), "reads no widths of groups of weights"),
        (("loom_1b", "--set", "group_widths.assumed_mean_bits=6"), "reads no widths of groups of weights"),
        (("loom_1b", *GROUP, "--set", "group_widths.assumed_mean_bits=17"), "17 is outside 1 to 16 bits"),
        (("loom_1b", *GROUP, "--set", "group_widths.mean=7"), "mean"),
        (("loom_1b", *GROUP, "--set", 'group_widths.histogram={"0": 1}'), "'0' is no such width"),
        (("loom_1b", *GROUP, "--set", 'group_widths.histogram={"4": -1}'), "found -1 as a share"),
        (("loom_1b", *GROUP, "--set", "group_widths.histogram={}"), "the shares sum to nothing"),
        (("loom_1b", *GROUP, "--set", "group_widths.histogram=4"), "expected widths of 1 to 16 bits"),
        (
            ("loom_1b", *GROUP, "--set", "group_widths.assumed_mean_bits=6", "--set", 'group_widths.histogram={"4":1}'),
            "a mean is stated too",
        ),
    ],
)
def test_what_is_no_assumption_is_refused(heddle, arguments, text):
    code, _, err = heddle("run", *arguments, "--trace", "alexnet-100")
    assert code == 2
    assert text in err


def test_a_refusal_for_want_of_values_names_the_ways_out(heddle):
    """An assumed width is one of weights: it cannot stand for the activation values of a dynamic design."""
    code, _, err = heddle("run", "laconic_1k", "--trace", "vgg_19-100")
    assert code == 2
    assert "depend on activation values" in err and "--values synthetic draws them" in err
    assert "group_widths" not in err
    dynamic = ("loom_1b_group", "--trace", "alexnet-100", "--set", "group_widths.assumed_mean_bits=6")
    code, _, err = heddle("run", *dynamic)
    assert code == 2
    assert "group_widths states widths of weights alone" in err and 'activation_width "layer"' in err
    # Each of the two ways out that the message names.
    assert heddle("run", *dynamic, "--set", "parameters.activation_width=layer", "-q")[0] == 0
    assert heddle("run", *dynamic, "--values", "synthetic", "-q")[0] == 0


def test_widths_of_a_trace_go_before_assumed_ones(heddle):
    stated = result_of(heddle, "loom_1b_group", "--trace", "digits-16b")
    assume = ("--set", "group_widths.assumed_mean_bits=3")
    both = result_of(heddle, "loom_1b_group", "--trace", "digits-16b", *assume)
    assert both["layers"] == stated["layers"]
    assert any(text.startswith("group_widths is not used") for text in both["notes"])


def values_columns(heddle, tmp_path, config, *arguments):
    """Column `values` of layers.csv, the key, and column `values` of a comparison with dpnn."""
    code, _, err = heddle("run", config, *arguments, "-q", "--out", tmp_path)
    assert code == 0, err
    (column,) = {row["values"] for row in csv.DictReader((tmp_path / "layers.csv").open())}
    assert json.loads((tmp_path / "result.json").read_text())["network"]["values"] == column
    trace = arguments[arguments.index("--trace") + 1]
    compared = heddle("compare", "dpnn", tmp_path, "--trace", trace, "-q", "--csv")[1]
    rows = list(csv.DictReader(io.StringIO(compared)))
    assert {row["values"] for row in rows if row["accelerator"] == config} == {column}
    return column


MEAN = ("--set", "group_widths.assumed_mean_bits=6")
HISTOGRAM = ("--set", 'group_widths.histogram={"4": 1, "8": 3}')


@pytest.mark.parametrize(
    "arguments, values",
    [
        (("loom_1b", "--trace", "alexnet-100"), "none"),
        (("loom_1b", "--trace", "alexnet-100", *GROUP, *MEAN), "none; group widths assumed: a mean of 6 bits"),
        (
            ("loom_1b", "--trace", "alexnet-100", *GROUP, *HISTOGRAM),
            'none; group widths assumed: the histogram {"4":1,"8":3}',
        ),
        (("loom_1b_group", "--trace", "digits-16b", *MEAN), "trace"),  # the trace's widths go before
        (("loom_1b_group", "--trace", "digits-16b"), "trace"),
    ],
)
def test_csv_tells_assumed_widths_from_those_of_the_trace(heddle, tmp_path, arguments, values):
    assert values_columns(heddle, tmp_path, *arguments) == values


def test_a_comparison_of_a_trace_of_shapes_says_what_differs_and_calls_nothing_synthetic(heddle):
    changes = [text for path in (GROUP[1], MEAN[1]) for text in ("--set", f"loom_1b:{path}")]
    code, out, err = heddle("compare", "dpnn", "loom_1b", "--trace", "alexnet-100", *changes)
    assert code == 0, err
    assert "values differ: dpnn none, loom_1b none; group widths assumed: a mean of 6 bits" in out
    assert "synthetic" not in out


def test_a_comparison_names_the_configuration_that_cannot_run_and_repeats_what_another_assumes(heddle, tmp_path):
    for name, more in (("refused", {}), ("assuming", {"group_widths": {"assumed_mean_bits": 6}})):
        config = {"extends": "loom_1b", "name": name, "parameters": {"weight_precision": "group"}, **more}
        (tmp_path / f"{name}.json").write_text(json.dumps(config))
    items = ("loom_1b", str(tmp_path / "refused.json"), str(tmp_path / "assuming.json"))
    code, out, err = heddle("compare", *items, "--trace", "alexnet-100")
    assert code == 1
    assert "refused.json on alexnet-100" in out + err
    assert "note (assuming): assumption: group_widths" in out
