# SPDX-License-Identifier: Apache-2.0
"""Checks the layers of a trace: graph, shapes, value ranges and precisions."""
from __future__ import annotations

from typing import Any

import numpy as np

from heddle_quantize.base.errors import BadInput, unknown_name
from heddle_quantize.formats.widths import bits_needed, code_range, group_widths
from heddle_quantize.trace import layer_statistics
from heddle_quantize.trace.decode import decode, stored_range
from heddle_quantize.trace.layer_shapes import (
    ARRAY_OPS,
    accumulator_shape,
    activation_shape,
    layer_operand,
    weight_shape,
)
from heddle_quantize.trace.storage import MANIFEST
from heddle_quantize.trace.trace import Trace


class _Checker:
    """The state of one walk over the layers."""

    def __init__(self, trace: Trace, path: str) -> None:
        self.trace = trace
        self.path = path
        self.samples: int = trace.manifest["samples"]
        self.used: dict[str, str] = {}

    def fail(self, pointer: str, found: str, expected: str) -> BadInput:
        return BadInput(f"{self.path}/{MANIFEST}: {pointer}", found, expected)

    def array(self, name: str, pointer: str) -> np.ndarray:
        if name not in self.trace.arrays:
            raise self.fail(pointer, f"'{name}'", "a file listed in /files")
        self.used[name] = pointer
        return self.trace.arrays[name]

    def shaped(self, name: str, pointer: str, shape: tuple[int, ...]) -> np.ndarray:
        array = self.array(name, pointer)
        if array.shape != shape:
            raise self.fail(pointer, f"shape {array.shape} in {name}", f"{shape}")
        return array


def check_layers(trace: Trace, path: str) -> None:
    """Graph, shapes, value ranges and precisions of every layer."""
    state = _Checker(trace, path)
    known = set(trace.manifest["network"].get("inputs", []))
    for index, layer in enumerate(trace.manifest["layers"]):
        at = f"/layers/{index}"
        if layer["index"] != index:
            raise state.fail(f"{at}/index", str(layer["index"]), str(index))
        if layer["id"] in known:
            raise state.fail(f"{at}/id", f"'{layer['id']}' again", "a unique id")
        for name in layer["inputs"]:
            if name not in known:
                raise unknown_name(f"{path}/{MANIFEST}: {at}/inputs", "earlier layer", name, known)
        if layer["op"] in ARRAY_OPS:
            _check_array_layer(state, layer, at, known)
        elif "output" not in layer["shape"]:
            raise state.fail(f"{at}/shape", "no output", "the output's dimensions")
        known.add(layer["id"])
    for name in trace.manifest["network"].get("outputs", []):
        if name not in known:
            raise unknown_name(f"{path}/{MANIFEST}: /network/outputs", "layer", name, known)
    for name in sorted((set(trace.arrays) | set(trace.documents)) - set(state.used)):
        raise state.fail(f"/files/{name}", "no layer that uses it", "one use of every file")


def _check_array_layer(state: _Checker, layer: dict[str, Any], at: str, known: set[str]) -> None:
    _check_geometry(state, layer, at)
    roles = [o["role"] for o in layer.get("operands", [])]
    if sorted(roles) != ["activation", "weight"]:
        raise state.fail(f"{at}/operands", str(roles), "one activation and one weight")
    for number, operand in enumerate(layer["operands"]):
        here = f"{at}/operands/{number}"
        if operand["source"] != "static" and operand["source"] not in known:
            raise unknown_name(
                f"{state.path}/{MANIFEST}: {here}/source", "layer", operand["source"], known | {"static"}
            )
        _check_operand(state, layer, operand, here)
    _check_bias(state, layer, at)
    _check_groups(state, layer, at)
    _check_expect(state, layer, at)
    if "stats" in layer:
        layer_statistics.check(state.trace, layer, f"{state.path}/{MANIFEST}: {at}")
        state.used[layer["stats"]] = at


def _check_geometry(state: _Checker, layer: dict[str, Any], at: str) -> None:
    shape, groups = layer["shape"], layer.get("groups", 1)
    needed = ("C", "H", "W", "K", "R", "S", "OH", "OW") if layer["op"] == "conv2d" else ("M", "C", "K")
    for key in needed:
        if key not in shape:
            raise state.fail(f"{at}/shape", f"no {key}", ", ".join(needed))
    if shape.get("N", 1) != 1:
        raise state.fail(f"{at}/shape/N", str(shape["N"]), "1: the images of a batch are samples")
    for key in ("C", "K"):
        if shape[key] % groups:
            raise state.fail(f"{at}/shape/{key}", str(shape[key]), f"a multiple of {groups} groups")
    if layer["op"] != "conv2d":
        return
    stride, dilation = layer.get("stride", [1, 1]), layer.get("dilation", [1, 1])
    pads = layer.get("pads", [0, 0, 0, 0])
    for axis, (size, kernel, out) in enumerate((("H", "R", "OH"), ("W", "S", "OW"))):
        span = shape[size] + pads[axis] + pads[axis + 2] - dilation[axis] * (shape[kernel] - 1) - 1
        if shape[out] != span // stride[axis] + 1:
            raise state.fail(f"{at}/shape/{out}", str(shape[out]), str(span // stride[axis] + 1))


def _check_operand(state: _Checker, layer: dict[str, Any], operand: dict[str, Any], here: str) -> None:
    weight = operand["role"] == "weight"
    static = operand["source"] == "static"
    shape = weight_shape(layer) if weight else activation_shape(layer)
    names = [operand["file"]] if static and "file" in operand else operand.get("files", [])
    if not static and len(names) not in (0, state.samples):
        raise state.fail(f"{here}/files", f"{len(names)} files", f"{state.samples}, one per sample")
    width = layer["precision"]["w_bits" if weight else "a_bits"]
    rep = operand["rep"]
    if not weight:
        _check_pad(state, rep, width, here)
    if "table_file" in rep:
        state.array(rep["table_file"], f"{here}/rep/table_file")
    for name in names:
        codes = state.shaped(name, here, shape)
        if codes.dtype.kind not in "iu":
            raise state.fail(here, f"dtype {codes.dtype.str} in {name}", "integer codes")
        _inside(state, here, f"codes of {name}", codes, stored_range(rep))
        if rep.get("bipolar", False) and (codes == 0).any():
            raise state.fail(here, f"code 0 in {name}", "-1 and 1: the codes are bipolar")
        values = decode(codes, rep, state.trace.arrays, f"{state.path}/{name}")
        _inside(
            state,
            here,
            f"{width}-bit codes of {name}" if rep["kind"] == "int" else f"decoded {width}-bit values of {name}",
            values,
            code_range(width, rep["signed"]),
        )
    scale = rep.get("scale", {})
    if "file" in scale:
        state.array(scale["file"], f"{here}/rep/scale/file")


def _check_pad(state: _Checker, rep: dict[str, Any], width: int, here: str) -> None:
    """pad_code is a code for kind `int`, and a decoded integer for every other kind."""
    pad = rep.get("pad_code", 0)
    low, high = stored_range(rep) if rep["kind"] == "int" else code_range(width, rep["signed"])
    if not low <= pad <= high:
        raise state.fail(f"{here}/rep/pad_code", f"pad_code {pad}", f"{low} to {high}")


def _inside(state: _Checker, here: str, what: str, values: np.ndarray, bounds: tuple[int, int]) -> None:
    if values.size and (values.min() < bounds[0] or values.max() > bounds[1]):
        raise state.fail(here, f"{what} from {values.min()} to {values.max()}", f"{bounds[0]} to {bounds[1]}")


def _check_bias(state: _Checker, layer: dict[str, Any], at: str) -> None:
    if "bias" in layer:
        state.shaped(layer["bias"]["file"], f"{at}/bias", (layer["shape"]["K"],))


def _check_groups(state: _Checker, layer: dict[str, Any], at: str) -> None:
    entry = layer["precision"].get("w_groups")
    if entry is None:
        return
    here = f"{at}/precision/w_groups"
    weight = layer_operand(layer, "weight")
    if "file" not in weight:
        raise state.fail(here, "no weight tensor", "static weights beside their group widths")
    values = decode(state.trace.arrays[weight["file"]], weight["rep"], state.trace.arrays, here)
    need = group_widths(values, weight["rep"]["signed"])
    stated = state.shaped(entry["file"], here, need.shape)
    if (stated < need).any() or (stated > layer["precision"]["w_bits"]).any():
        raise state.fail(
            here,
            "a width that its group does not fit or above w_bits",
            f"at least what the weights need, at most {layer['precision']['w_bits']}",
        )


def _check_expect(state: _Checker, layer: dict[str, Any], at: str) -> None:
    accumulator = layer.get("accumulator", {})
    expect = accumulator.get("expect", [])
    here = f"{at}/accumulator/expect"
    if expect and len(expect) != state.samples:
        raise state.fail(here, f"{len(expect)} entries", f"{state.samples}, one per sample")
    full = accumulator_shape(layer)
    for entry in expect:
        if entry is None:
            continue
        values = state.array(entry["file"], here)
        if "index_file" in entry:
            index = state.array(entry["index_file"], here)
            if index.ndim != 1 or values.shape != index.shape:
                raise state.fail(here, f"shapes {values.shape}, {index.shape}", "equal vectors")
            if index.size and (index.min() < 0 or index.max() >= np.prod(full)):
                raise state.fail(here, f"index {index.max()}", f"flat indices into {full}")
        elif values.shape != full:
            raise state.fail(here, f"shape {values.shape}", f"{full}")
        bits = accumulator.get("bits", 64)
        if values.size and bits_needed(int(values.min()), int(values.max()), True) > bits:
            raise state.fail(here, "a sum that does not fit", f"at most {bits} bits")
