#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the shapes-only traces of the papers' six networks from data/networks.json and
data/precision_profiles.json (both carry the provenance of every entry).

Usage: configs/networks/make_networks.py        writes configs/networks/<network>-<profile>.trace/
       configs/networks/make_networks.py --check   fails when a committed trace differs

The data hold convolutions and fully connected layers only. The graph between them is inferred: layers
follow one another; GoogLeNet's inception modules from their names; where the next layer's input is smaller
than the last output, a pooling layer stands between them. Cycles do not depend on the graph.
"""
import argparse
import hashlib
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
NETWORKS = json.loads((HERE / "data" / "networks.json").read_text())["networks"]
PROFILES = json.loads((HERE / "data" / "precision_profiles.json").read_text())
SIX = ["AlexNet", "NiN", "GoogLeNet", "VGG_M", "VGG_S", "VGG_19"]


def rep(signed: bool) -> dict:
    return {"kind": "int", "bits": 16, "signed": signed}


def operands(source: str, conv: bool) -> list:
    return [
        {"role": "activation", "source": source, "axes": "NCHW" if conv else "MC", "rep": rep(True)},
        {"role": "weight", "source": "static", "axes": "KCRS" if conv else "KC", "rep": rep(True)},
    ]


class Builder:
    """Appends layers and keeps track of what the last one put out."""

    def __init__(self, network: str, profile: str):
        self.network, self.profile, self.layers = network, profile, []
        self.fc_seen = 0

    def add(self, layer: dict) -> str:
        layer["index"] = len(self.layers)
        self.layers.append(layer)
        return layer["id"]

    def other(self, ident: str, op: str, inputs: list, shape: list) -> str:
        return self.add({"id": ident, "op": op, "inputs": inputs, "shape": {"output": shape}})

    def fit(self, source: str, have: list, want: list, ident: str) -> str:
        """A pooling layer where the next layer reads a smaller image than the last one made."""
        if have == want:
            return source
        return self.other(f"{ident}/pool", "maxpool", [source], want)

    def conv(self, layer: dict, source: str, have: list) -> tuple:
        source = self.fit(source, have, [layer["C"], layer["H"], layer["W"]], layer["name"])
        group = layer["precision_group"] - 1
        ident = self.add(
            {
                "id": layer["name"],
                "op": "conv2d",
                "inputs": [source],
                "shape": {
                    "N": 1,
                    "C": layer["C"],
                    "H": layer["H"],
                    "W": layer["W"],
                    "K": layer["K"],
                    "R": layer["R"],
                    "S": layer["S"],
                    "OH": layer["Ho"],
                    "OW": layer["Wo"],
                },
                "stride": [layer["stride"]] * 2,
                "pads": [layer["pad"]] * 4,
                "groups": layer["groups"],
                "operands": operands(source, True),
                "precision": {
                    "a_bits": PROFILES["act_conv"][self.network][self.profile][group],
                    "w_bits": PROFILES["conv_weight_prec_loom"][self.network][self.profile],
                },
            }
        )
        return ident, [layer["K"], layer["Ho"], layer["Wo"]]

    def fc(self, layer: dict, source: str, have: list) -> tuple:
        source = self.fit(source, have, layer["in_shape"], layer["name"])
        bits = PROFILES["fc_prec"][self.network][self.profile][self.fc_seen]
        self.fc_seen += 1
        flat = source
        if layer["in_shape"][1:] != [1, 1]:
            flat = self.other(f"{layer['name']}/flatten", "reshape", [source], [layer["C"]])
        ident = self.add(
            {
                "id": layer["name"],
                "op": "linear",
                "inputs": [flat],
                "shape": {"N": 1, "M": 1, "C": layer["C"], "K": layer["K"]},
                "operands": operands(flat, False),
                "precision": {"a_bits": bits, "w_bits": bits},
            }
        )
        return ident, [layer["K"], 1, 1]


def inception(build: Builder, members: list, source: str, have: list) -> tuple:
    """One inception module: four branches from the same input, concatenated."""
    module = members[0]["name"].split("/")[0]
    source = build.fit(source, have, [members[0]["C"], members[0]["H"], members[0]["W"]], f"{module}/input")
    have = [members[0]["C"], members[0]["H"], members[0]["W"]]
    ends, reduced = [], {}
    for layer in members:
        branch = layer["name"].split("/")[1]
        if branch.endswith("_reduce"):
            reduced[branch[: -len("_reduce")]] = build.conv(layer, source, have)
        elif branch in reduced:
            ends.append(build.conv(layer, *reduced[branch]))
        elif branch == "pool_proj":
            pool = build.other(f"{module}/pool", "maxpool", [source], have)
            ends.append(build.conv(layer, pool, have))
        else:
            ends.append(build.conv(layer, source, have))
    shape = [sum(end[1][0] for end in ends)] + ends[0][1][1:]
    return build.other(f"{module}/output", "concat", [end[0] for end in ends], shape), shape


def manifest(network: str, profile: str) -> dict:
    data = NETWORKS[network]
    build = Builder(network, profile)
    source, have = "data", data["input"]
    layers = data["layers"]
    i = 0
    while i < len(layers):
        if layers[i]["name"].startswith("inception_"):
            module = layers[i]["name"].split("/")[0]
            members = [x for x in layers if x["name"].startswith(module + "/")]
            source, have = inception(build, members, source, have)
            i += len(members)
            continue
        add = build.conv if layers[i]["type"] == "conv" else build.fc
        source, have = add(layers[i], source, have)
        i += 1
    return {
        "format": "heddle-trace",
        "version": [1, 0],
        "samples": 0,
        "network": {
            "name": f"{network} ({profile} profile)",
            "task": "classification",
            "inputs": ["data"],
            "outputs": [source],
        },
        "provenance": {
            "tool": "configs/networks/make_networks.py",
            "shapes": data["provenance"],
            "activation_precision": PROFILES["act_conv_provenance"][network][profile],
            "fc_precision": PROFILES["fc_prec_provenance"].get(network),
            "weight_precision": PROFILES["conv_weight_prec_loom_provenance"],
            "notes": "shapes and precisions only; the graph between the layers is inferred (see the tool)",
        },
        "layers": build.layers,
        "files": {},
    }


def files(network: str, profile: str) -> dict:
    text = json.dumps(manifest(network, profile), indent=1, sort_keys=True) + "\n"
    digest = hashlib.sha256(text.encode()).hexdigest()
    return {"manifest.json": text, "SHA256SUMS": f"{digest}  manifest.json\n"}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare with what is committed instead of writing")
    check = parser.parse_args().check
    differing = []
    for network in SIX:
        for profile in ("100%", "99%"):
            folder = HERE / f"{network.lower()}-{profile[:-1]}.trace"
            for name, text in files(network, profile).items():
                if check:
                    if not (folder / name).is_file() or (folder / name).read_text() != text:
                        differing.append(str(folder / name))
                else:
                    folder.mkdir(exist_ok=True)
                    (folder / name).write_text(text)
    for path in differing:
        print(f"differs from its source: {path}", file=sys.stderr)
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
