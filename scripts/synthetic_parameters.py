#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Measures the shipped traces for the generator of synthetic values and keeps sim/synthetic/parameters.json true.

Every parameter whose `statistic` names a row below is that row's median (or largest) over tensors of the shipped
traces. The others are choices of ours, which this script leaves alone (docs/synthetic-values.md).

Usage: scripts/synthetic_parameters.py            writes the measured parameters and the tensors they come from
       scripts/synthetic_parameters.py --check    fails when the committed file differs
"""
import argparse
import json
import pathlib
import sys

import numpy

ROOT = pathlib.Path(__file__).resolve().parent.parent
PARAMETERS = ROOT / "sim" / "synthetic" / "parameters.json"
TRACES = ["digits-8b", "digits-16b", "denoiser-16b"]
WIDE_BITS = 9  # from this precision on, a tensor's mean and not its range says what a profile keeps


def tensors():
    """Every tensor of the shipped traces: its codes and what the manifest says of it."""
    for name in TRACES:
        folder = ROOT / "traces" / f"{name}.trace"
        manifest = json.loads((folder / "manifest.json").read_text())
        inputs = manifest["network"]["inputs"]
        for layer in manifest["layers"]:
            for operand in layer.get("operands", []):
                files = operand.get("files") or [operand["file"]]
                codes = numpy.stack([numpy.load(folder / file) for file in files]).astype(numpy.int64)
                is_weight = operand["role"] == "weight"
                bits = layer["precision"]["w_bits" if is_weight else "a_bits"]
                kind = "weight" if is_weight else "image" if operand["source"] in inputs else "activation"
                yield {
                    "tensor": f"{name} {layer['id']}",
                    "kind": kind,
                    "bits": bits,
                    "full": 2 ** (bits - operand["rep"]["signed"]) - 1,
                    "codes": codes,
                }


def neighbours(codes):
    """Correlation of values that stand beside each other in a row or column of an image."""
    along = [
        numpy.corrcoef(codes[..., 1:].ravel(), codes[..., :-1].ravel())[0, 1],
        numpy.corrcoef(codes[..., 1:, :].ravel(), codes[..., :-1, :].ravel())[0, 1],
    ]
    return sum(along) / 2


def row(tensor):
    magnitude = numpy.abs(tensor["codes"])
    nonzero = magnitude[magnitude > 0]
    out = {
        "tensor": tensor["tensor"],
        "kind": tensor["kind"],
        "precision_bits": tensor["bits"],
        "zeros_share": round(float((magnitude == 0).mean()), 3),
        "mean": round(float(magnitude.mean()), 3),
        "mean_of_nonzero": round(float(nonzero.mean()), 3),
        "peak_per_mean": round(float(tensor["full"] / magnitude.mean()), 2),
        "peak_per_mean_of_nonzero": round(float(tensor["full"] / nonzero.mean()), 2),
    }
    if tensor["kind"] == "weight":
        by_filter = magnitude[0].reshape(magnitude.shape[1], -1).mean(1)
        if len(by_filter) > 1:
            out["filter_spread"] = round(float(by_filter.std() / by_filter.mean()), 3)
    elif tensor["codes"].ndim == 5:
        out["neighbour_correlation"] = round(float(neighbours(tensor["codes"])), 3)
    return out


def measured(rows):
    """The statistics that parameters may name: (value, from which tensors)."""

    def values(kind, key, keep=lambda r: True):
        return [r[key] for r in rows if r["kind"] == kind and key in r and keep(r)]

    def narrow(r):
        return r["precision_bits"] < WIDE_BITS

    def wide(r):
        return r["precision_bits"] >= WIDE_BITS

    def median(numbers):
        return float(numpy.median(numbers))

    return {
        "weight_peak_per_mean": median(values("weight", "peak_per_mean", narrow)),
        "weight_most_mean": median(values("weight", "mean", wide)),
        "weight_filter_spread": median(values("weight", "filter_spread")),
        "activation_zeros_share": median(values("activation", "zeros_share")),
        "activation_peak_per_mean": median(values("activation", "peak_per_mean_of_nonzero", narrow)),
        "activation_most_mean": median(values("activation", "mean_of_nonzero", wide)),
        "activation_neighbour_correlation": median(values("activation", "neighbour_correlation")),
        "image_neighbour_correlation": median(values("image", "neighbour_correlation")),
        "image_peak_per_mean": median(values("image", "peak_per_mean")),
    }


def updated(parameters):
    rows = [row(tensor) for tensor in tensors()]
    found = {key: round(value, 3) for key, value in measured(rows).items()}
    for parameter in parameters["parameters"].values():
        if "statistic" in parameter:
            parameter["value"] = found[parameter["statistic"]]
    parameters["measured"] = found
    parameters["tensors"] = rows
    return parameters


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="fail when the committed file differs")
    check = parser.parse_args().check
    old = PARAMETERS.read_text()
    new = json.dumps(updated(json.loads(old)), indent=1) + "\n"
    if not check:
        PARAMETERS.write_text(new)
    elif new != old:
        sys.exit(f"{PARAMETERS}: differs from what the shipped traces say; run {sys.argv[0]}")


if __name__ == "__main__":
    main()
