# SPDX-License-Identifier: Apache-2.0
"""Stores and reads precision profiles."""
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from heddle_quantize.base.errors import BadInput, unknown_name
from heddle_quantize.graph.graph import Graph
from heddle_quantize.quantize.plan import Profile
from heddle_quantize.quantize.tensor_params import Options


def save(path: Path, graph: Graph, profile: Profile, report: dict[str, Any], options: Options) -> None:
    layers = {k: {"a_bits": a, "w_bits": w} for k, (a, w) in profile.items()}
    body = {
        "network": graph.name,
        "scheme": options.scheme,
        "container_bits": options.container,
        "report": report,
        "layers": layers,
    }
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_text(json.dumps(body, indent=1, sort_keys=True) + "\n")
    temporary.rename(path)


def load(path: Path, graph: Graph) -> Profile:
    """Reads a profile, which must hold every array operation of the graph and nothing else."""
    try:
        body = json.loads(path.read_text())
        layers = body["layers"]
    except (OSError, json.JSONDecodeError, KeyError, TypeError) as err:
        raise BadInput(
            str(path), f"no profile ({err})", 'JSON {"layers": {"<node>": {"a_bits": n, "w_bits": n}}}'
        ) from err
    names = [n.id for n in graph.array_nodes()]
    for name in layers:
        if name not in names:
            raise unknown_name(f"{path}: /layers", "array operation", name, names)
    out = {}
    for name in names:
        if name not in layers:
            raise BadInput(f"{path}: /layers", f"no entry '{name}'", "one per array operation")
        for key in ("a_bits", "w_bits"):
            bits = layers[name].get(key)
            if not isinstance(bits, int) or not 1 <= bits <= 16:
                raise BadInput(f"{path}: /layers/{name}/{key}", repr(bits), "1 to 16 bits")
        out[name] = (layers[name]["a_bits"], layers[name]["w_bits"])
    return out
