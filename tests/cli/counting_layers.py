# SPDX-License-Identifier: Apache-2.0
"""Small layers with values, and the traces that hold them, for counting_oracle and counting_test."""
import dataclasses
import hashlib
import json
import math

import numpy as np


@dataclasses.dataclass
class Layer:
    """A convolution: activations (C, H, W), weights (K, C / groups, R, S). A matrix product of M rows is a 1 x 1
    convolution over an image of M positions; its weights are made at run time where `run_time` says so."""

    activations: np.ndarray
    weights: np.ndarray
    activation_bits: int
    weight_bits: int
    is_signed: bool = False  # the activations; weights are always
    groups: int = 1
    stride: int = 1
    pad: int = 0
    is_product: bool = False
    run_time: bool = False
    widths: np.ndarray = None  # of groups of 16 weights

    @property
    def image(self):
        return np.pad(self.activations, ((0, 0), (self.pad, self.pad), (self.pad, self.pad)))

    @property
    def kernel(self):
        return self.weights.shape[2:]

    @property
    def outputs(self):
        """Height and width."""
        return tuple((self.image.shape[1 + i] - self.kernel[i]) // self.stride + 1 for i in (0, 1))

    @property
    def is_depthwise(self):
        return not self.is_product and 1 < self.groups == self.activations.shape[0]

    @property
    def is_fully_connected(self):
        return self.is_product and self.activations.shape[2] == 1


def draw(random, shape, bits, is_signed):
    """Many zeros and small magnitudes, as in layers of networks."""
    low, high = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if is_signed else (0, (1 << bits) - 1)
    values = random.integers(low, high, shape, endpoint=True) >> random.integers(0, bits, shape)
    return np.where(random.random(shape) < 0.4, 0, values)


def convolution(random, channels, filters, groups=1, size=4, kernel=1, stride=1, pad=0, bits=(8, 8), is_signed=False):
    return Layer(
        draw(random, (channels, size, size), bits[0], is_signed),
        draw(random, (filters, channels // groups, kernel, kernel), bits[1], True),
        *bits,
        is_signed,
        groups,
        stride,
        pad,
    )


def product(random, rows, inputs, outputs, bits=(8, 8), is_signed=False, run_time=True):
    return Layer(
        draw(random, (inputs, 1, rows), bits[0], is_signed),
        draw(random, (outputs, inputs, 1, 1), bits[1], True),
        *bits,
        is_signed,
        is_product=True,
        run_time=run_time,
    )


def with_widths(layer):
    """The layer with the narrowest widths of groups of 16 weights that hold its weights."""
    filters, channels, height, width = layer.weights.shape
    widths = np.ones((filters, height, width, math.ceil(channels / 16)), np.uint8)
    for f, y, x, brick in np.ndindex(widths.shape):
        for value in layer.weights[f, 16 * brick : 16 * brick + 16, y, x]:
            widths[f, y, x, brick] = max(widths[f, y, x, brick], 1 + int(value if value >= 0 else ~value).bit_length())
    return dataclasses.replace(layer, widths=widths)


def manifest_layer(index, layer):
    name = f"l{index}"
    rep = {"kind": "int", "bits": 16}
    channels, height, width = layer.activations.shape
    filters = layer.weights.shape[0]
    operands = [
        {
            "role": "activation",
            "source": "in",
            "axes": "MC" if layer.is_product else "NCHW",
            "rep": {**rep, "signed": layer.is_signed},
            "files": [f"tensors/{name}.x.npy"],
        },
        {
            "role": "weight",
            "source": "other" if layer.run_time else "static",
            "axes": "KC" if layer.is_product else "KCRS",
            "rep": {**rep, "signed": True},
            **({"files": [f"tensors/{name}.w.npy"]} if layer.run_time else {"file": f"tensors/{name}.w.npy"}),
        },
    ]
    precision = {"a_bits": layer.activation_bits, "w_bits": layer.weight_bits}
    if layer.widths is not None:
        precision["w_groups"] = {"size": 16, "axis": "C", "file": f"tensors/{name}.widths.npy"}
    out = {"id": name, "index": index, "inputs": ["in", "other"] if layer.run_time else ["in"]}
    out |= {"operands": operands, "precision": precision, "groups": layer.groups}
    if layer.is_product:
        op = "matmul" if layer.run_time else "linear"
        return out | {"op": op, "shape": {"N": 1, "M": width, "C": channels, "K": filters}}
    shape = {"N": 1, "C": channels, "H": height, "W": width, "K": filters}
    shape |= {"R": layer.kernel[0], "S": layer.kernel[1], "OH": layer.outputs[0], "OW": layer.outputs[1]}
    return out | {"op": "conv2d", "shape": shape, "stride": [layer.stride] * 2, "pads": [layer.pad] * 4}


def write_trace(folder, layers):
    (folder / "tensors").mkdir(parents=True)
    for i, layer in enumerate(layers):
        x, w = layer.activations[None], layer.weights
        if layer.is_product:
            x, w = layer.activations[:, 0].T, layer.weights[:, :, 0, 0]
        np.save(folder / "tensors" / f"l{i}.x.npy", np.ascontiguousarray(x))
        np.save(folder / "tensors" / f"l{i}.w.npy", np.ascontiguousarray(w))
        if layer.widths is not None:
            widths = layer.widths[:, 0, 0] if layer.is_product else layer.widths
            np.save(folder / "tensors" / f"l{i}.widths.npy", np.ascontiguousarray(widths))
    sums = {f"tensors/{f.name}": f.read_bytes() for f in sorted(folder.glob("tensors/*"))}
    manifest = {
        "format": "heddle-trace",
        "version": [1, 0],
        "samples": 1,
        "layers": [manifest_layer(i, layer) for i, layer in enumerate(layers)],
        "files": {name: {"bytes": len(b), "sha256": hashlib.sha256(b).hexdigest()} for name, b in sums.items()},
        "provenance": {"tool": "counting_layers.py"},
        "network": {"name": folder.name, "inputs": ["in", "other"]},
    }
    sums["manifest.json"] = json.dumps(manifest, indent=1, sort_keys=True).encode()
    (folder / "manifest.json").write_bytes(sums["manifest.json"])
    digests = "".join(f"{hashlib.sha256(b).hexdigest()}  {name}\n" for name, b in sums.items())
    (folder / "SHA256SUMS").write_text(digests)
    return folder
