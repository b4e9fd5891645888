# SPDX-License-Identifier: Apache-2.0
"""stories260K, a Llama-style language model: prefill of 64 tokens, or one decoding step.

The decoding step takes the keys and values of the tokens before it as network inputs, so that
its products with the cache are those of a real step.
"""
from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from heddle_quantize.graph.executor import run
from heddle_quantize.graph.graph import Graph, check_graph
from heddle_quantize.quantize.tensor_params import Options
from heddle_quantize.search.task import Labelled
from heddle_quantize.workloads.graph_builder import Builder
from heddle_quantize.workloads.workload import Golden, Workload, compare, load_npz, source

CONTEXT = 64
SAMPLES = 2
CALIBRATION_STEP = 4
NORM_EPS = 1e-5


@dataclass
class Config:
    dim: int
    hidden: int
    layers: int
    heads: int
    kv_heads: int
    vocabulary: int
    positions: int

    @property
    def head(self) -> int:
        return self.dim // self.heads


def _read(file: Path) -> tuple[Config, dict[str, np.ndarray]]:
    """The llama2.c legacy file: header, then tensors in a fixed order."""
    raw = file.read_bytes()
    c = Config(*(int(n) for n in np.frombuffer(raw, "<i4", 7)))
    kv = c.kv_heads * c.head
    shapes = {
        "embedding": (c.vocabulary, c.dim),
        "att_norm": (c.layers, c.dim),
        "wq": (c.layers, c.dim, c.dim),
        "wk": (c.layers, kv, c.dim),
        "wv": (c.layers, kv, c.dim),
        "wo": (c.layers, c.dim, c.dim),
        "ffn_norm": (c.layers, c.dim),
        "w1": (c.layers, c.hidden, c.dim),
        "w2": (c.layers, c.dim, c.hidden),
        "w3": (c.layers, c.hidden, c.dim),
        "final_norm": (c.dim,),
        "cos": (c.positions, c.head // 2),
        "sin": (c.positions, c.head // 2),
    }
    out, offset = {}, 28
    for name, shape in shapes.items():
        count = int(np.prod(shape))
        out[name] = np.frombuffer(raw, "<f4", count, offset).reshape(shape).copy()
        offset += 4 * count
    return c, out


class _Model:
    """Builds the graph of `tokens` new tokens after `past` cached ones."""

    def __init__(self, c: Config, w: dict[str, np.ndarray], tokens: int, past: int) -> None:
        self.c, self.w, self.tokens, self.past = c, w, tokens, past
        name = "stories260k-prefill" if past == 0 else "stories260k-decode"
        inputs: dict[str, tuple[int, ...]] = {"tokens": (tokens,)}
        for i in range(c.layers if past else 0):
            for part in "kv":
                inputs[f"cache.{i}.{part}"] = (c.kv_heads, past, c.head)
        self.graph = Graph(name, inputs, [], [], task="next-token prediction")
        self.b = Builder(self.graph)
        self.b.heads = c.heads

    def norm(self, name: str, value: str, weight: np.ndarray) -> str:
        return self.b.emit(name, "rmsnorm", [value], {"weight": weight}, eps=NORM_EPS)

    def rotated(self, name: str, value: str) -> str:
        here = slice(self.past, self.past + self.tokens)
        return self.b.emit(f"{name}.rope", "rope", [value], {"cos": self.w["cos"][here], "sin": self.w["sin"][here]})

    def cached(self, layer: int, part: str, value: str) -> str:
        """Keys or values of all tokens so far, one copy per query head."""
        if self.past:
            value = self.b.emit(f"l{layer}.{part}.all", "concat", [f"cache.{layer}.{part}", value], axis=2)
        return self.b.emit(f"l{layer}.{part}.shared", "repeat", [value], axis=1, times=self.c.heads // self.c.kv_heads)

    def layer(self, i: int, x: str, mask: str | None) -> str:
        b, c, w = self.b, self.c, self.w
        normed = self.norm(f"l{i}.att_norm", x, w["att_norm"][i])
        q = b.split_heads(f"l{i}.q", b.linear(f"l{i}.wq", normed, w["wq"][i]), c.heads, c.head)
        k = b.split_heads(f"l{i}.k", b.linear(f"l{i}.wk", normed, w["wk"][i]), c.kv_heads, c.head)
        v = b.split_heads(f"l{i}.v", b.linear(f"l{i}.wv", normed, w["wv"][i]), c.kv_heads, c.head)
        mixed = b.attention(
            f"l{i}.att",
            self.rotated(f"l{i}.q", q),
            self.cached(i, "k", self.rotated(f"l{i}.k", k)),
            self.cached(i, "v", v),
            c.dim,
            mask,
        )
        x = b.emit(f"l{i}.att.add", "add", [x, b.linear(f"l{i}.wo", mixed, w["wo"][i])])
        normed = self.norm(f"l{i}.ffn_norm", x, w["ffn_norm"][i])
        gate = b.emit(f"l{i}.silu", "silu", [b.linear(f"l{i}.w1", normed, w["w1"][i])])
        gated = b.emit(f"l{i}.gated", "mul", [gate, b.linear(f"l{i}.w3", normed, w["w3"][i])])
        return b.emit(f"l{i}.ffn.add", "add", [x, b.linear(f"l{i}.w2", gated, w["w2"][i])])

    def build(self) -> Graph:
        x = self.b.emit("embedding", "embedding", ["tokens"], {"weight": self.w["embedding"]})
        mask = self.b.causal("mask", self.tokens) if self.tokens > 1 else None
        for i in range(self.c.layers):
            x = self.layer(i, x, mask)
        x = self.norm("final_norm", x, self.w["final_norm"])
        self.graph.outputs = [self.b.linear("output", x, self.w["embedding"])]
        check_graph(self.graph)
        return self.graph


def _windows(golden: dict[str, np.ndarray], stories: tuple[int, ...], step: int = CONTEXT) -> np.ndarray:
    """(N, CONTEXT + 1) tokens: a window every `step` tokens, each story from its start."""
    out = []
    for i in stories:
        tokens = golden[f"story{i}.tokens"].astype(np.int64)
        out += [tokens[s : s + CONTEXT + 1] for s in range(0, len(tokens) - CONTEXT, step)]
    return np.stack(out)


def _labelled(windows: np.ndarray) -> Labelled:
    return Labelled({"tokens": windows[:, :-1].astype(np.float32)}, windows[:, 1:])


def _golden(graph: Graph, golden: dict[str, np.ndarray]) -> list[Golden]:
    tokens = golden["story0.tokens"][None, :CONTEXT].astype(np.float32)
    logits = run(graph, {"tokens": tokens}, dtype=torch.float32)[graph.outputs[0]].numpy()[0]
    return [compare("logits of 64 tokens", logits, golden["story0.logits_first64"], 1e-3)]


def prefill(root: Path) -> Workload:
    folder = root / "llm-stories260k"
    c, w = _read(folder / "stories260K.bin")
    golden = load_npz(folder / "golden.npz")
    graph = _Model(c, w, CONTEXT, 0).build()
    search, held_out = (_labelled(_windows(golden, s)) for s in ((0, 1), (2, 3, 4)))
    return Workload(
        graph,
        "log_likelihood",
        [{"tokens": held_out.feeds["tokens"][k : k + 1]} for k in range(SAMPLES)],
        {
            "source_model": source(folder / "stories260K.bin", "llama2.c"),
            "calibration": {"name": "windows of stories 0 and 1", "samples": int(len(search.labels))},
        },
        lambda: _golden(graph, golden),
        calib=search.feeds,
        search=search,
        held_out=held_out,
        split="64-token windows of stories 2-4 (search on 0-1)",
        options=Options("fixed", 16),
        batch=16,
        notes="mean log likelihood in nats a token, windows of 64 tokens",
    )


def _with_cache(graph: Graph, c: Config, tokens: np.ndarray) -> dict[str, np.ndarray]:
    """The decoding step's inputs: the last token, and what prefill of the others left behind."""
    names = {
        f"cache.{i}.{p}": (f"l{i}.k.rope" if p == "k" else f"l{i}.v.by_head") for i in range(c.layers) for p in "kv"
    }
    values = run(graph, {"tokens": tokens[:, :-1]}, dtype=torch.float32, keep=frozenset(names.values()))
    feeds = {cache: values[node].numpy() for cache, node in names.items()}
    return {"tokens": tokens[:, -1:], **feeds}


def decode(root: Path) -> Workload:
    folder = root / "llm-stories260k"
    c, w = _read(folder / "stories260K.bin")
    golden = load_npz(folder / "golden.npz")
    before = _Model(c, w, CONTEXT - 1, 0).build()
    graph = _Model(c, w, 1, CONTEXT - 1).build()

    def step(windows: np.ndarray) -> Labelled:
        feeds = _with_cache(before, c, windows[:, :-1].astype(np.float32))
        return Labelled(feeds, windows[:, -1:])

    search, held_out = (step(_windows(golden, s)) for s in ((0, 1), (2, 3, 4)))
    # a step sees one token per window, so its ranges need many more windows than a prefill's
    calib = step(_windows(golden, (0, 1), CALIBRATION_STEP)).feeds

    def check_golden() -> list[Golden]:
        feeds = _with_cache(before, c, golden["story0.tokens"][None, :CONTEXT].astype(np.float32))
        logits = run(graph, feeds, dtype=torch.float32)[graph.outputs[0]].numpy()[0]
        return [compare("logits of token 64", logits, golden["story0.logits_first64"][-1:], 1e-3)]

    return Workload(
        graph,
        "log_likelihood",
        [{k: v[s : s + 1] for k, v in held_out.feeds.items()} for s in range(SAMPLES)],
        {
            "source_model": source(folder / "stories260K.bin", "llama2.c"),
            "calibration": {
                "name": "windows of stories 0 and 1, one every 4 tokens",
                "samples": int(len(calib["tokens"])),
            },
        },
        check_golden,
        calib=calib,
        search=search,
        held_out=held_out,
        split="one token after 63, windows of stories 2-4",
        options=Options("fixed", 16),
        batch=16,
        notes="one new token; keys and values of 63 tokens come from a float prefill",
    )
