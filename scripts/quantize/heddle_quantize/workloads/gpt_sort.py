# SPDX-License-Identifier: Apache-2.0
"""The three-layer GPT that sorts six letters of {A, B, C}."""
from __future__ import annotations

import base64
import itertools
from pathlib import Path
from typing import Any

import numpy as np
import torch

from heddle_quantize.graph.executor import run
from heddle_quantize.graph.graph import Graph, check_graph
from heddle_quantize.quantize.tensor_params import Options
from heddle_quantize.search.task import Labelled
from heddle_quantize.workloads.graph_builder import Builder
from heddle_quantize.workloads.workload import Golden, Workload, compare, load_json, source


LETTERS, LENGTH = 3, 6
TOKENS = 2 * LENGTH - 1
SEED = 0


def _decode(entry: dict[str, Any]) -> np.ndarray:
    return np.frombuffer(base64.b64decode(entry["data"]), "<f4").reshape(entry["shape"]).copy()


def _block(b: Builder, w: dict[str, np.ndarray], name: str, x: str, mask: str, width: int) -> str:
    def norm(part: str, value: str) -> str:
        return b.emit(
            f"{name}.{part}",
            "layernorm",
            [value],
            {"weight": w[f"{name}.{part}.weight"], "bias": w[f"{name}.{part}.bias"]},
            eps=1e-5,
        )

    def linear(part: str, value: str) -> str:
        return b.linear(f"{name}.{part}", value, w[f"{name}.{part}.weight"], w[f"{name}.{part}.bias"])

    qkv = linear("attn.c_attn", norm("ln_1", x))
    parts = []
    for i, part in enumerate("qkv"):
        cut = b.emit(f"{name}.attn.{part}", "slice", [qkv], ranges=[(2, i * width, (i + 1) * width, 1)])
        parts.append(b.split_heads(f"{name}.attn.{part}", cut, b.heads, width // b.heads))
    y = b.attention(f"{name}.attn", parts[0], parts[1], parts[2], width, mask)
    x = b.emit(f"{name}.attn.add", "add", [x, linear("attn.c_proj", y)])
    hidden = b.emit(f"{name}.mlp.gelu", "gelu", [linear("mlp.c_fc", norm("ln_2", x))], approximate="tanh")
    return b.emit(f"{name}.mlp.add", "add", [x, linear("mlp.c_proj", hidden)])


def _build(w: dict[str, np.ndarray], layers: int, heads: int) -> Graph:
    width = w["transformer.wte.weight"].shape[1]
    graph = Graph("gpt-sort", {"tokens": (TOKENS,)}, [], [], task="sorting six letters")
    b = Builder(graph)
    b.heads = heads
    x = b.emit("wte", "embedding", ["tokens"], {"weight": w["transformer.wte.weight"]})
    x = b.emit("embedded", "add", [x, b.const("wpe", w["transformer.wpe.weight"][None])])
    mask = b.causal("mask", TOKENS)
    for i in range(layers):
        x = _block(b, w, f"transformer.h.{i}", x, mask, width)
    x = b.emit(
        "ln_f", "layernorm", [x], {"weight": w["transformer.ln_f.weight"], "bias": w["transformer.ln_f.bias"]}, eps=1e-5
    )
    graph.outputs = [b.linear("lm_head", x, w["lm_head.weight"])]
    check_graph(graph)
    return graph


def _data() -> tuple[np.ndarray, np.ndarray]:
    """Every input with its answer appended; labels are -1 where nothing is asked."""
    words = np.array(list(itertools.product(range(LETTERS), repeat=LENGTH)), np.int64)
    answers = np.sort(words, axis=1)
    tokens = np.concatenate([words, answers[:, :-1]], axis=1)
    labels = np.full_like(tokens, -1)
    labels[:, LENGTH - 1 :] = answers
    order = np.random.default_rng(SEED).permutation(len(words))
    return tokens[order].astype(np.float32), labels[order]


def _golden(graph: Graph, partials: dict[str, Any]) -> list[Golden]:
    first = "transformer.h.0"  # the block whose inner values the file holds
    keep = {
        "block0": "transformer.h.0.mlp.add",
        "block1": "transformer.h.1.mlp.add",
        "block2": "transformer.h.2.mlp.add",
        "ln_f": "ln_f",
        "lm_head": "lm_head",
        "q": f"{first}.attn.q.by_head",
        "gelu": f"{first}.mlp.gelu",
        "attSm": f"{first}.attn.softmax",
        "fc": f"{first}.mlp.c_fc",
    }
    tokens = _decode(partials["idx"])
    values = run(graph, {"tokens": tokens}, dtype=torch.float32, keep=frozenset(keep.values()))
    return [compare(name, values[node].numpy(), _decode(partials[name]), 1e-5) for name, node in keep.items()]


def gpt_sort(root: Path) -> Workload:
    folder = root / "nanogpt-sort-ci"
    file = folder / "gpt-nano-sort-model.json"
    spec = load_json(file)
    config = spec.pop("config")
    graph = _build({k: _decode(v) for k, v in spec.items()}, config["n_layer"], config["n_head"])
    tokens, labels = _data()
    half = len(tokens) // 2
    partials = load_json(folder / "gpt-nano-sort-t0-partials.json")
    return Workload(
        graph,
        "sequence_top1",
        [{"tokens": tokens[half + k : half + k + 1]} for k in range(4)],
        {
            "source_model": source(file, "json of float32 weights"),
            "calibration": {"name": "half of all 729 inputs", "samples": half},
        },
        lambda: _golden(graph, partials),
        calib={"tokens": tokens[:half]},
        search=Labelled({"tokens": tokens[:half]}, labels[:half]),
        held_out=Labelled({"tokens": tokens[half:]}, labels[half:]),
        split="the other half of all 729 inputs",
        options=Options("fixed", 16),
        batch=365,
    )
