#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the tables of docs/synthetic-values.md: synthetic values beside the true ones of the shipped traces, and
widths of groups of weights beside published ones.

Usage: scripts/synthetic_tables.py --program build/release/heddle            writes them into the page
       scripts/synthetic_tables.py --program build/release/heddle --check    fails when the page differs
"""
import argparse
import hashlib
import json
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "synthetic-values.md"
TRACES = ["digits-8b", "digits-16b", "denoiser-16b"]
PROFILES = ROOT / "configs" / "networks" / "data" / "precision_profiles.json"
NETWORKS = {"AlexNet": "alexnet", "NiN": "nin", "GoogLeNet": "googlenet"}
NETWORKS |= {"VGG_M": "vgg_m", "VGG_S": "vgg_s", "VGG_19": "vgg_19"}
HEADER_BITS = 4  # of a group of 16 values in containers of 16 bits (sim/trace/codec.h)


def without_values(trace: pathlib.Path, out: pathlib.Path) -> dict:
    """Writes a copy of a trace that holds shapes, precisions and the graph only; returns its manifest."""
    manifest = json.loads((trace / "manifest.json").read_text())
    manifest |= {"files": {}, "samples": 0}
    for layer in manifest["layers"]:
        for key in ("bias", "accumulator", "stats"):
            layer.pop(key, None)
        layer.get("precision", {}).pop("w_groups", None)
        for operand in layer.get("operands", []):
            operand.pop("file", None)
            operand.pop("files", None)
    text = json.dumps(manifest, sort_keys=True)
    out.mkdir()
    (out / "manifest.json").write_text(text)
    (out / "SHA256SUMS").write_text(f"{hashlib.sha256(text.encode()).hexdigest()}  manifest.json\n")
    return manifest


def statistics(program: str, trace, *arguments) -> list:
    command = [program, "trace", "stats", str(trace), "--json", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    if done.returncode != 0:
        sys.exit(done.stderr)
    return json.loads(done.stdout)["tensors"]


def groups_of(layer: dict, tensor: str) -> int:
    """Groups of 16 values in one sample of a layer's tensor."""
    shape = layer["shape"]
    if tensor == "weight":
        outer = shape["K"] * shape.get("R", 1) * shape.get("S", 1)
        return outer * -(-(shape["C"] // layer.get("groups", 1)) // 16)
    return shape.get("M", shape.get("H", 1) * shape.get("W", 1)) * -(-shape["C"] // 16)


def mean_width(layer: dict, row: dict) -> float:
    """Mean width of a value's group, from the stored size of groups: a header each, and the width per value."""
    shape = layer["shape"]
    per_sample = shape["C"] * shape.get("M", shape.get("H", 1) * shape.get("W", 1))
    samples = 1 if row["tensor"] == "weight" else row["values"] // per_sample
    headers = HEADER_BITS * groups_of(layer, row["tensor"]) * samples
    return (row["bits"]["groups_plain"] - headers) / row["values"]


def figures(layers: dict, rows: list, kind: str) -> tuple:
    """Share of zeros, mean group width and set bits per value over all tensors of a kind, each counted alike."""
    chosen = [(layers[row["layer"]], row) for row in rows if kind_of(layers[row["layer"]], row) == kind]
    count = len(chosen)
    return (
        sum(row["precision_bits"] for _, row in chosen) / count,
        100 * sum(row["zeros"] / row["values"] for _, row in chosen) / count,
        sum(mean_width(layer, row) for layer, row in chosen) / count,
        sum(row["magnitude_ones"] / row["values"] for _, row in chosen) / count,
    )


def kind_of(layer: dict, row: dict) -> str:
    if row["tensor"] == "weight":
        return "weights"
    return "image" if layer["index"] == 0 else "activations behind ReLU"


def shipped_table(program: str) -> str:
    out = "| trace | tensors | mean P | zeros: true | drawn | group width: true | drawn "
    out += "| ones per value: true | drawn |\n"
    out += "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n"
    with tempfile.TemporaryDirectory() as folder:
        for name in TRACES:
            shapes = pathlib.Path(folder) / f"{name}.trace"
            manifest = without_values(ROOT / "traces" / f"{name}.trace", shapes)
            layers = {layer["id"]: layer for layer in manifest["layers"]}
            true, drawn = statistics(program, name), statistics(program, shapes, "--values", "synthetic")
            for kind in ("image", "activations behind ReLU", "weights"):
                t, d = figures(layers, true, kind), figures(layers, drawn, kind)
                out += f"| {name} | {kind} | {t[0]:.1f} | {t[1]:.1f} % | {d[1]:.1f} % | {t[2]:.2f} | {d[2]:.2f} |"
                out += f" {t[3]:.2f} | {d[3]:.2f} |\n"
    return out


def published_table(program: str) -> str:
    published = json.loads(PROFILES.read_text())["effective_weight_prec_groups_of_16_loom_v2_100pct"]
    out = "| network | Pw | published: mean | narrowest | widest | drawn: mean | narrowest | widest |\n"
    out += "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n"
    for network, name in NETWORKS.items():
        trace = ROOT / "configs" / "networks" / f"{name}-100.trace"
        manifest = json.loads((trace / "manifest.json").read_text())
        layers = {layer["id"]: layer for layer in manifest["layers"]}
        rows = [
            row
            for row in statistics(program, trace, "--values", "synthetic")
            if row["tensor"] == "weight" and layers[row["layer"]]["op"] == "conv2d"
        ]
        widths = [mean_width(layers[row["layer"]], row) for row in rows]
        row = [rows[0]["precision_bits"]]
        cells = [f"{value:.2f}" for v in (published[network], widths) for value in (sum(v) / len(v), min(v), max(v))]
        out += f"| {network} | {row[0]} | " + " | ".join(cells) + " |\n"
    return out


def with_table(page: str, name: str, table: str) -> str:
    begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
    pattern = re.escape(begin) + ".*?" + re.escape(end)
    if not re.search(pattern, page, re.DOTALL):
        sys.exit(f"{PAGE}: expected the comments {begin.strip()} and {end}")
    return re.sub(pattern, lambda _: f"{begin}\n{table}\n{end}", page, flags=re.DOTALL)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True, help="the heddle to ask")
    parser.add_argument("--check", action="store_true", help="fail when the page differs")
    arguments = parser.parse_args()
    program = str(pathlib.Path(arguments.program).resolve())
    page = PAGE.read_text()
    new = with_table(page, "table of shipped traces", shipped_table(program))
    new = with_table(new, "table of published widths", published_table(program))
    if not arguments.check:
        PAGE.write_text(new)
    elif new != page:
        sys.exit(f"{PAGE}: its tables differ from what the program draws; run {sys.argv[0]}")


if __name__ == "__main__":
    main()
