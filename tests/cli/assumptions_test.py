# SPDX-License-Identifier: Apache-2.0
"""What no array does is said wherever it is in force: by a shipped file, a file of one's own or `--set`, once."""
import json

import pytest

GROUPS = "groups of a convolution are ignored"
IMAGE = "a strided image layer counts one brick per folded position"
MEAN = "weight_sync mean: a step takes the layer's average group width"
BOUND = "front end X<inf,15>: an upper bound"
SHAPES = ("--trace", "alexnet-100")
WIDTHS = ("--set", "parameters.weight_precision=group", "--set", "group_widths.assumed_mean_bits=6")

IN_FORCE = {
    "groups": (["stripes", *SHAPES, "--set", "mapping.groups=ignored"], [GROUPS]),
    "image": (["stripes", *SHAPES, "--set", "mapping.image_layer=published"], [IMAGE]),
    "mean": (["loom_1b", *SHAPES, *WIDTHS, "--set", "parameters.weight_sync=mean"], [MEAN]),
    "bound": (["tcle", "--trace", "digits-8b", "--set", "parameters.pattern=X<inf,15>"], [BOUND]),
    "shipped paper": (["papers/stripes_micro16/stripes", *SHAPES], [GROUPS, IMAGE]),
    "shipped, set again": (
        ["papers/stripes_micro16/stripes", *SHAPES, "--set", "mapping.image_layer=published"],
        [GROUPS, IMAGE],
    ),
    "shipped, taken back": (["papers/stripes_micro16/stripes", *SHAPES, "--set", "mapping.groups=sequential"], [IMAGE]),
    "shipped bound": (["tclp_x_bound", "--trace", "digits-8b"], [BOUND]),
    "shipped mean": (["papers/loom_v2/loom_1b", "--trace", "digits-16b"], [MEAN]),
    "no widths to average": (["loom_1b", *SHAPES, "--set", "parameters.weight_sync=mean"], []),
    "physical": (["stripes", *SHAPES, "--set", "mapping.groups=parallel", "--set", "mapping.image_layer=plain"], []),
}


@pytest.mark.parametrize("kind", IN_FORCE)
def test_every_output_repeats_what_no_array_does(heddle, kind):
    arguments, expected = IN_FORCE[kind]
    code, out, err = heddle("run", *arguments, "--json", "-q")
    assert code == 0, err
    result = json.loads(out)
    stated = result["accelerator"]["assumptions"]
    assert len(stated) == len(expected)
    for text, start in zip(stated, expected):
        assert text.startswith(start)
        assert result["notes"].count("assumption: " + text) == 1
    table = heddle("run", *arguments)[1]
    for text in stated:
        assert table.count("assumption: " + text) == 1


def test_a_comparison_repeats_it_of_the_design_that_is_changed(heddle):
    out = heddle("compare", "dadn", "stripes", *SHAPES, "--set", "stripes:mapping.image_layer=published")[1]
    assert f"note (stripes): assumption: {IMAGE}" in out and f"note (dadn): assumption: {IMAGE}" not in out


def test_a_text_that_a_file_states_itself_stands_once(heddle, tmp_path):
    stated = json.loads(heddle("run", *IN_FORCE["image"][0], "--json", "-q")[1])["accelerator"]["assumptions"]
    own = {"extends": "stripes", "mapping": {"image_layer": "published"}, "assumptions": ["mine", *stated]}
    (tmp_path / "own.json").write_text(json.dumps(own))
    code, out, err = heddle("run", tmp_path / "own.json", *SHAPES, "--json", "-q")
    assert code == 0, err
    assert json.loads(out)["accelerator"]["assumptions"] == ["mine", *stated]
