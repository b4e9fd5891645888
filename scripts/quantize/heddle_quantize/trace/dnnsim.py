# SPDX-License-Identifier: Apache-2.0
"""A trace in DNNsim's layout: models/<net>/ and net_traces/<net>/ with float32 tensors.

That simulator knows convolutions, fully connected layers, integers up to 16 bits and zero point
0; anything else is refused by name. Values written are code * 2^lsb_exp, and precision.txt makes
it quantize them back to the same codes: magnitude bits (sign included) and fraction bits.
"""
from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from heddle_quantize.base.errors import BadInput
from heddle_quantize.trace.layer_shapes import ARRAY_OPS, layer_operand
from heddle_quantize.trace.trace import Trace, UNSAFE

BITS_MAX = 16


def _exponent(operand: dict[str, Any]) -> int:
    return int(operand["rep"].get("lsb_exp") or 0)


def _check(layer: dict[str, Any], path: str) -> None:
    where = f"{path}: layer '{layer['id']}'"
    if layer["op"] == "matmul" or (layer["op"] == "linear" and layer["shape"]["M"] != 1):
        raise BadInput(
            where,
            f"{layer['op']} of {layer['shape'].get('M')} windows",
            "a convolution or a fully connected layer of one window",
        )
    if layer["op"] == "conv2d":
        stride, pads = layer.get("stride", [1, 1]), layer.get("pads", [0] * 4)
        if len(set(stride)) > 1 or len(set(pads)) > 1 or layer.get("dilation", [1, 1]) != [1, 1]:
            raise BadInput(where, f"stride {stride}, pads {pads}", "equal ones, no dilation")
    for operand in layer["operands"]:
        rep = operand["rep"]
        if rep["kind"] != "int" or rep.get("zero_point", 0) != 0:
            raise BadInput(where, f"{rep['kind']} with zero point {rep.get('zero_point', 0)}", "int with zero point 0")
        key = "a_bits" if operand["role"] == "activation" else "w_bits"
        bits = layer["precision"][key] + (not rep["signed"])
        if bits > BITS_MAX:
            raise BadInput(where, f"{bits} bits, a sign bit included", f"at most {BITS_MAX}")


def write_dnnsim(trace: Trace, out: Path, force: bool) -> list[str]:
    """Writes the folders below `out` and returns the names of the files written."""
    net = UNSAFE.sub("_", trace.manifest["network"]["name"])
    model, tensors = out / "models" / net, out / "net_traces" / net
    if (model / "model.csv").exists() and not force:
        raise BadInput(str(model / "model.csv"), "an existing file", "a new folder", "--force overwrites")
    layers = [la for la in trace.manifest["layers"] if la["op"] in ARRAY_OPS]
    for layer in layers:
        _check(layer, net)
    model.mkdir(parents=True, exist_ok=True)
    tensors.mkdir(parents=True, exist_ok=True)
    rows, precision, written = [], [], []
    for layer in layers:
        name = UNSAFE.sub("_", layer["id"])
        conv = layer["op"] == "conv2d"
        rows.append(
            f"{name},{'conv' if conv else 'fc'},"
            f"{layer.get('stride', [1])[0] if conv else 1},"
            f"{layer.get('pads', [0])[0] if conv else 0}"
        )
        precision.append(_precision(layer))
        written += _tensors(trace, layer, tensors, name)
    (model / "model.csv").write_text("\n".join(rows) + "\n")
    header = "magnitude (sign included) and fraction: activations, then weights"
    lines = [";".join(str(p[i]) for p in precision) for i in range(4)]
    (model / "precision.txt").write_text("\n".join([header, *lines]) + "\n")
    return [str(model / "model.csv"), str(model / "precision.txt"), *written]


def _precision(layer: dict[str, Any]) -> tuple[int, int, int, int]:
    """Unsigned tensors get one bit more because that format always counts a sign bit."""
    act, weight = layer_operand(layer, "activation"), layer_operand(layer, "weight")
    a_fraction, w_fraction = -_exponent(act), -_exponent(weight)
    a_bits = layer["precision"]["a_bits"] + (not act["rep"]["signed"])
    w_bits = layer["precision"]["w_bits"] + (not weight["rep"]["signed"])
    return a_bits - a_fraction, a_fraction, w_bits - w_fraction, w_fraction


def _tensors(trace: Trace, layer: dict[str, Any], folder: Path, name: str) -> list[str]:
    act, weight = layer_operand(layer, "activation"), layer_operand(layer, "weight")
    written = []
    if "file" in weight:
        written.append(_save(folder / f"wgt-{name}.npy", _values(trace, weight["file"], weight)))
    for k, file in enumerate(act.get("files", [])):
        written.append(_save(folder / f"act-{name}-{k}.npy", _values(trace, file, act)))
    return written


def _values(trace: Trace, file: str, operand: dict[str, Any]) -> np.ndarray:
    return trace.arrays[file].astype(np.float32) * np.float32(2.0 ** _exponent(operand))


def _save(path: Path, value: np.ndarray) -> str:
    np.save(path, np.ascontiguousarray(value, "<f4"), allow_pickle=False)
    return str(path)
