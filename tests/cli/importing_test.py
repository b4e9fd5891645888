# SPDX-License-Identifier: Apache-2.0
"""Foreign files that users bring: SCALE-Sim topologies, DRAM request traces, and traces written by hand."""
import json
import re
import subprocess
import sys

import pytest
from program import ROOT

HEADING = "Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,\n"
DEVICE = "ddr4_3200_8gb_x8"


@pytest.fixture
def topology(heddle, tmp_path):
    """Imports a topology; returns what the program says, and the array layers of the trace by name."""

    def run(text):
        (tmp_path / "net.csv").write_text(text)
        code, out, err = heddle("trace", "import", "scalesim", tmp_path / "net.csv", "-o", tmp_path / "net.trace")
        assert (code, err) == (0, "")
        manifest = json.loads((tmp_path / "net.trace" / "manifest.json").read_text())
        return out, {layer["id"]: layer for layer in manifest["layers"] if "operands" in layer}

    return run


def macs(layer):
    s = layer["shape"]
    if layer["op"] == "linear":
        return s["M"] * s["C"] * s["K"] // layer["groups"]
    return s["OH"] * s["OW"] * s["R"] * s["S"] * s["C"] * s["K"] // layer["groups"]


def test_a_remark_after_the_last_comma_is_dropped_and_said(topology):
    out, layers = topology(HEADING + "conv_a, 32, 48, 3, 3, 3, 16, 2,\nconv_b_dw, 16, 24, 3, 3, 1, 1, 1,#dw\n")
    assert list(layers) == ["conv_a", "conv_b_dw"]
    assert "net.csv:3: the text behind the numbers is ignored: '#dw'" in out
    assert "1 of 2 layers (conv_b_dw) look depthwise, but SCALE-Sim's mark for depthwise layers is DP" in out


def test_a_name_that_is_taken_gets_a_suffix(topology):
    out, layers = topology("Layer, M, N, K,\nblock, 3, 5, 16,\nblock, 1, 5, 16,\n")
    assert [layer["shape"]["M"] for layer in layers.values()] == [3, 1]
    assert list(layers) == ["block", "block.2"]
    assert "net.csv:3: the name 'block' is taken; the layer is called 'block.2'" in out


def test_nine_columns_are_two_strides(topology):
    nine = (
        "Layer name,IFMAP height,IFMAP width,Filter height,Filter width,Channels,Num filter,Stride height,Stride width,"
    )
    _, layers = topology(f"{nine}\nc1,20,30,3,3,8,16,2,1,\n")
    assert layers["c1"]["stride"] == [2, 1]
    assert macs(layers["c1"]) == 322560


def test_a_file_without_a_heading_loses_no_layer(topology):
    out, layers = topology("G1,4,4,1,\nG2,5,4,1,\n")
    assert list(layers) == ["G1", "G2"]
    assert "net.csv:1: the file has no heading; this line holds numbers and is read as a layer" in out


def test_a_fully_connected_layer_written_as_a_convolution_counts_as_one(topology, heddle, tmp_path):
    _, layers = topology(
        HEADING + "fc6, 6, 6, 6, 6, 256, 512, 1,\nfc7, 1, 512, 1, 512, 1, 512, 1,\nmlp, 64, 512, 1, 512, 1, 32, 1,\n"
    )
    assert [(x["op"], x["shape"]["M"], x["shape"]["C"]) for x in layers.values()] == [
        ("linear", 1, 9216),
        ("linear", 1, 512),
        ("linear", 64, 512),
    ]
    products = tmp_path / "products.csv"
    products.write_text("Layer, M, N, K,\nfc6, 1, 512, 9216,\nfc7, 1, 512, 512,\nmlp, 64, 32, 512,\n")
    assert heddle("trace", "import", "scalesim", products, "-o", tmp_path / "products.trace")[0] == 0
    cycles = []
    for trace in ("net.trace", "products.trace"):
        _, out, _ = heddle("run", "tartan", "--trace", tmp_path / trace, "--json", "-q", "--set", "memory=none")
        cycles.append([layer["cycles"] for layer in json.loads(out)["layers"]])
    assert cycles[0] == cycles[1]


def test_precisions_that_a_topology_does_not_state_are_said_in_results(topology, heddle, tmp_path):
    out, layers = topology(HEADING + "a, 8, 8, 3, 3, 16, 16, 1, Pa=5\nb, 6, 6, 3, 3, 16, 16, 1, 2:4, Pw=4\n")
    assert layers["a"]["precision"] == {"a_bits": 5, "w_bits": 16}
    said = [
        "activation precision of 1 of 2 layers (b): 16 bits, the topology states none",
        "weight precision of 1 of 2 layers (a): 16 bits, the topology states none",
        "dense weights: the sparsity N:M of 1 of 2 layers (b) is not kept",
    ]
    assert [line.removeprefix("  assumption: ") for line in out.splitlines()[1:4]] == said
    _, out, _ = heddle("run", "stripes", "--trace", tmp_path / "net.trace", "--json", "-q", "--set", "memory=none")
    notes = json.loads(out)["notes"]
    assert [note for note in notes if note.startswith("assumption of the trace")] == [
        "assumption of the trace: " + text for text in said
    ]
    assert said[0] in heddle("trace", "info", tmp_path / "net.trace")[1]


LAYER = "conv1, 32, 32, 3, 3, 3, 16, 1,\n"
FORMS = {
    "no comma at the ends": HEADING.replace(",\n", "\n") + LAYER.replace(",\n", "\n"),
    "blank lines": "\n\n" + HEADING + "   \n,,,,,,,,\n" + LAYER + "\n\n",
    "CR LF": (HEADING + LAYER).replace("\n", "\r\n"),
    "CR": (HEADING + LAYER).replace("\n", "\r"),
    "no line end": HEADING + LAYER[:-1],
    "byte order mark": "\ufeff" + HEADING + LAYER,
    "byte order mark and no heading": "\ufeff" + LAYER,
    "tabs beside commas": HEADING + LAYER.replace(", ", ",\t"),
    "spaces before commas": HEADING + LAYER.replace(",", " ,"),
    "empty fields at the end": HEADING + LAYER[:-1] + ",,,\n",
    "a title above the heading": "net\n" + HEADING + LAYER,
    "two headings": HEADING + HEADING + LAYER,
    "comments": "# a net\n" + HEADING + "// first\n" + LAYER + "  # conv2, 32, 32, 3, 3, 3, 16, 1,\n",
    "a sparsity": HEADING.replace("Strides,", "Strides, Sparsity,") + LAYER[:-1] + " 2:4,\n",
}


@pytest.mark.parametrize("form", FORMS)
def test_forms_of_one_layer_are_the_same_layer(topology, form):
    _, layers = topology(FORMS[form])
    assert [(name, x["op"], x["stride"], macs(x)) for name, x in layers.items()] == [
        ("conv1", "conv2d", [1, 1], 30 * 30 * 3 * 3 * 3 * 16)
    ]


@pytest.mark.parametrize("heading", ["Layer, M, N, K,", "layer,m,n,k", "\ufeffLayer name, M, N, K, Sparsity,", ""])
def test_forms_of_a_product_are_the_same_product(topology, heading):
    _, layers = topology(heading + "\r\nG1,4,5,6\r\n")
    assert [(name, x["op"], macs(x)) for name, x in layers.items()] == [("G1", "linear", 4 * 5 * 6)]


@pytest.mark.parametrize(
    "heading, line, called",
    [
        ("Layer, M, K, N,", "G1, 4, 5, 6,", "column 3 'K'"),
        (HEADING.replace("IFMAP Height, IFMAP Width", "IFMAP Width, IFMAP Height"), LAYER, "column 2 'IFMAP Width'"),
        (HEADING.rstrip(",\n") + ", Padding,", LAYER.rstrip() + "2,", "column 9 'Padding'"),
        (HEADING.rstrip(",\n") + ", Groups,", LAYER.rstrip() + "2,", "column 9 'Groups'"),
        (HEADING.replace("Strides", "Stride Width, Stride Height"), LAYER.rstrip() + "1,", "column 8 'Stride Width'"),
    ],
)
def test_a_heading_in_another_order_is_said_in_results(topology, heading, line, called):
    out, _ = topology(heading + "\n" + line)
    assert f"columns are read by their place, as SCALE-Sim does, though the heading calls {called}" in out


def test_a_comment_is_said(topology):
    out, _ = topology(FORMS["comments"])
    assert "net.csv:5: a comment, skipped: '# conv2, 32, 32" in out


BAD_LINES = {
    "conv1; 32; 32; 3; 3; 3; 16; 1;": "separated by commas",
    "conv1\t32\t32\t3\t3\t3\t16\t1": "separated by commas",
    "conv1, 32, 32, 3, 3, 3,": "a convolution has 8 fields",
    "conv1, 32, , 3, 3, 3, 16, 1,": "IFMAP Width: expected a whole number, found ''",
    "conv1, 32.5, 32, 3, 3, 3, 16, 1,": "IFMAP Height: expected a whole number, found '32.5'",
    "conv1, -32, 32, 3, 3, 3, 16, 1,": "expected 1 to 16777216, found -32",
    "conv1, 32, 32, 3, 3, 0, 16, 1,": "Channels: expected 1 to",
    "conv1, 32, 32, 3, 3, 3, 16, 0,": "Strides: expected 1 to",
    "conv1, 3, 3, 5, 5, 3, 16, 1,": "the filter (5) is larger than the input (3)",
    "conv1, 32, 32, 3, 3, 3, 16, 1, 5:4,": "sparsity N: expected 0 to 4, found 5",
}


@pytest.mark.parametrize("line", BAD_LINES)
def test_bad_lines_of_a_topology_are_located(heddle, tmp_path, line):
    (tmp_path / "net.csv").write_text(HEADING + line + "\n")
    code, out, err = heddle("trace", "import", "scalesim", tmp_path / "net.csv", "-o", tmp_path / "net.trace")
    assert (code, out) == (2, "")
    assert "net.csv:2: " in err and BAD_LINES[line] in err, err


@pytest.mark.parametrize("line", ["a, 8, 8, 3, 3, 1, 1, 1, Pa=17\n", "a, 8, 8, 3, 3, 1, 1, 1, Pa=17,\n"])
def test_a_precision_out_of_range_is_called_a_precision(heddle, tmp_path, line):
    (tmp_path / "net.csv").write_text(HEADING + line)
    code, out, err = heddle("trace", "import", "scalesim", tmp_path / "net.csv", "-o", tmp_path / "net.trace")
    assert (code, out) == (2, "")
    assert "net.csv:2: precision Pa, in bits: expected 1 to 16, found 17" in err
    assert not (tmp_path / "net.trace").exists()


def test_a_byte_order_mark_is_skipped_and_bytes_that_cannot_be_shown_are_escaped(heddle, tmp_path):
    trace = tmp_path / "bom.trace"
    trace.write_bytes(b"\xef\xbb\xbf0x0 READ 0\n0x40 WRITE 5\n")
    code, out, _ = heddle("dram", DEVICE, "--trace", trace, "--json")
    assert code == 0
    assert json.loads(out)["requests"] == 2
    trace.write_bytes("0x0 READ 0\n".encode("utf-16"))
    code, _, err = heddle("dram", DEVICE, "--trace", trace)
    assert code == 2
    assert r"found '\xff\xfe0\x00x\x000\x00" in err


def test_an_address_is_quoted_as_it_was_written(heddle, tmp_path):
    (tmp_path / "far.trace").write_text("0x7ffde0689818 WRITE 0\n")
    code, _, err = heddle("dram", DEVICE, "--trace", tmp_path / "far.trace")
    assert code == 2
    assert "far.trace:1: address 0x7ffde0689818 is beyond the 8589934592 bytes" in err


def test_both_forms_that_a_run_writes_are_read(heddle, tmp_path):
    reports = []
    for form in ("dramsim3", "dramsys"):
        trace = tmp_path / form
        arguments = ("-q", "--trace", "digits-8b", "--set", "memory=lpddr4_4267_1mb")
        code, _, err = heddle("run", "stripes", *arguments, "--dram-trace", trace, "--dram-trace-form", form)
        assert (code, err) == (0, "")
        reports.append(heddle("dram", "lpddr4_4267_8gb_x16", "--trace", trace, "--json"))
    assert reports[0][0] == 0
    assert reports[0] == reports[1]


REQUESTS = {
    "dramsim3": "0x40 READ 0\n0x1C0 WRITE 3\n",
    "dramsys": "0: read 0x40\n3: write 0x1c0\n",
    "tabs": "0:\tread\t0x40\n3:\twrite\t0x1c0\n",
    "blanks": "  0x40   READ  0  \n\n   0x1c0 write 3\n\n",
    "a blank before the colon": "0 : read 0x40\n3 : write 0x1C0\n",
    "CR LF and no line end": "0x40 READ 0\r\n0x1c0 WRITE 3",
    "byte order mark": "\ufeff0x40 READ 0\n0x1c0 WRITE 3\n",
    "comments": "# head\n0x40 READ 0 # first\n  # between\n0x1c0 WRITE 3\n",
    "upper case": "0X40 read 0\n0X1C0 Write 3\n",
    "zeros in front": "0x000040 READ 00\n0x01c0 WRITE 03\n",
}


def test_forms_of_two_requests_are_the_same_requests(heddle, tmp_path):
    reports = {}
    for form, text in REQUESTS.items():
        (tmp_path / "x.trace").write_bytes(text.encode())
        code, reports[form], err = heddle("dram", DEVICE, "--trace", tmp_path / "x.trace", "--json")
        assert code == 0, (form, err)
    assert len(set(reports.values())) == 1, reports.keys()
    assert json.loads(reports["dramsys"])["write_bursts"] == 1


def test_the_map_that_a_message_holds_is_one_to_write(heddle, tmp_path):
    (tmp_path / "in.stl").write_text("0: write 0x40\n1: read 0x80\n")
    arguments = ["dram", DEVICE, "--trace", tmp_path / "in.stl", "--set", "controller.channels=2"]
    code, _, err = heddle(*arguments)
    assert code == 2
    assert "leaves out field ch (channel), the memory has 1 bit of it" in err
    fitting = re.search(r'a map that fits: "([^"]+)"', err).group(1)
    code, out, _ = heddle(*arguments, "--set", f"controller.address_map={fitting}")
    assert code == 0
    assert "2 channels" in out


def test_all_that_a_manifest_lacks_is_reported_at_once(heddle, trace):
    def strip(manifest):
        del manifest["provenance"]["tool"]
        del manifest["samples"]
        layer = manifest["layers"][0]
        for key in ("id", "inputs"):
            del layer[key]
        del layer["operands"][0]["rep"]["signed"]
        layer["precision"] = {}

    trace.edit(strip)
    code, _, err = heddle("trace", "validate", trace.path)
    assert code == 2
    for text in (
        "key 'samples' is missing",
        "/provenance: key 'tool' is missing",
        "/layers/0: keys 'id', 'inputs' are missing",
        "/layers/0/operands/0/rep: key 'signed' is missing",
        "/layers/0/precision: keys 'w_bits', 'a_bits' are missing",
    ):
        assert text in err


def test_the_example_of_the_trace_format_writes_a_valid_trace(heddle, tmp_path):
    page = (ROOT / "traces" / "FORMAT.md").read_text()
    program = re.search(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL).group(1)
    assert len([line for line in program.splitlines() if line]) <= 30
    (tmp_path / "two_layers.py").write_text(program)
    subprocess.run([sys.executable, "two_layers.py"], cwd=tmp_path, check=True, timeout=60)
    trace = tmp_path / "two_layers.trace"
    assert heddle("trace", "validate", trace)[:2] == (0, f"{trace}: valid\n")
    code, out, _ = heddle("run", "stripes", "--trace", trace, "--fidelity", "bit-true", "--json", "-q")
    assert code == 0
    assert [layer["name"] for layer in json.loads(out)["layers"]] == ["conv", "fc"]
