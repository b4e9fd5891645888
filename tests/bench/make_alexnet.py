#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""AlexNet's shapes (configs/networks) with 16-bit values from a seeded generator: a trace for measuring speed.

Usage: tests/bench/make_alexnet.py OUT.trace [--seed 1]      about 125 MB; never committed

Weights are Laplace-like with many small values; activations are unsigned, and half of them are zero. The trace
serves to measure the simulator, not a design."""
import argparse
import hashlib
import json
import pathlib

import numpy

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    manifest = json.loads((ROOT / "configs" / "networks" / "alexnet-100.trace" / "manifest.json").read_text())
    random = numpy.random.default_rng(arguments.seed)
    (arguments.out / "tensors").mkdir(parents=True)

    def store(name: str, array: numpy.ndarray) -> str:
        path = arguments.out / "tensors" / name
        numpy.save(path, array)
        data = path.read_bytes()
        manifest["files"][f"tensors/{name}"] = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        return f"tensors/{name}"

    for layer in manifest["layers"]:
        if "operands" not in layer:
            continue
        s, conv = layer["shape"], layer["op"] == "conv2d"
        shape = (1, s["C"], s["H"], s["W"]) if conv else (1, s["C"])
        weights = (s["K"], s["C"] // layer.get("groups", 1), s["R"], s["S"]) if conv else (s["K"], s["C"])
        layer["precision"] = {"a_bits": 16, "w_bits": 16}
        activation, weight = layer["operands"]
        activation["rep"] = {"kind": "int", "bits": 16, "signed": False}
        x = numpy.minimum(random.laplace(0, 3000, shape).clip(0), 65535).astype("<u2")
        w = random.laplace(0, 1200, weights).clip(-32768, 32767).astype("<i2")
        activation["files"] = [store(f"{layer['id']}.x.s0.npy", x)]
        weight["file"] = store(f"{layer['id']}.w.npy", w)
    manifest["samples"] = 1
    manifest["network"]["name"] = "AlexNet shapes, seeded values"
    manifest["provenance"] = {"tool": "tests/bench/make_alexnet.py", "seed": arguments.seed}
    text = json.dumps(manifest, sort_keys=True)
    (arguments.out / "manifest.json").write_text(text)
    lines = [f"{entry['sha256']}  {name}" for name, entry in sorted(manifest["files"].items())]
    lines.append(f"{hashlib.sha256(text.encode()).hexdigest()}  manifest.json")
    (arguments.out / "SHA256SUMS").write_text("\n".join(sorted(lines)) + "\n")


if __name__ == "__main__":
    main()
