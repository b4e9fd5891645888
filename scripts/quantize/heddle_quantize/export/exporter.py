# SPDX-License-Identifier: Apache-2.0
"""Runs a quantized graph on samples and writes the integers that it read and computed into a trace."""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from heddle_quantize import TOOL
from heddle_quantize.base.progress import Progress
from heddle_quantize.export.layer_codes import LayerCodes, layer_shape, trace_layout
from heddle_quantize.export.trace_ops import POST_OPS, TRACE_OPS
from heddle_quantize.formats.uniform import QParams
from heddle_quantize.formats.widths import accumulator_dtype, bits_needed, group_widths
from heddle_quantize.graph import executor
from heddle_quantize.graph.graph import Graph, Node
from heddle_quantize.quantize.integer_arrays import IntegerArrays, LayerRun
from heddle_quantize.quantize.plan import LayerQuant, Plan
from heddle_quantize.trace import layer_statistics, storage
from heddle_quantize.trace.trace import FileNames, Trace, VERSION


@dataclass
class ExportOptions:
    """`expect_limit` is how many accumulators are stated per layer and sample; None states all."""

    expect_limit: int | None = None
    seed: int = 0
    provenance: dict[str, Any] = field(default_factory=dict)
    accuracy: dict[str, Any] = field(default_factory=dict)


def export(graph: Graph, plan: Plan, samples: list[dict[str, np.ndarray]], options: ExportOptions) -> Trace:
    """Runs the integer network on each sample (batch of one) and gathers the trace."""
    runs: list[dict[str, LayerRun]] = []
    shapes: dict[str, tuple[int, ...]] = {}

    def visit(node: Node, _: list[torch.Tensor], result: torch.Tensor) -> None:
        # the batch of one is the first axis, unless a transposition moved it
        shapes[node.id] = tuple(result.shape[1:] if result.shape[:1] == (1,) else result.shape)

    with Progress("export", len(samples)) as progress:
        for feeds in samples:
            record: dict[str, LayerRun] = {}
            executor.run(graph, feeds, IntegerArrays(plan, record), visit=visit)
            runs.append(record)
            progress.step()
    return layer_statistics.attach(_Exporter(graph, plan, runs, shapes, options).trace())


class _Exporter:
    """Builds manifest and arrays from recorded runs."""

    def __init__(
        self,
        graph: Graph,
        plan: Plan,
        runs: list[dict[str, LayerRun]],
        shapes: dict[str, tuple[int, ...]],
        options: ExportOptions,
    ) -> None:
        self.graph = graph
        self.plan = plan
        self.runs = runs
        self.shapes = shapes
        self.options = options
        self.names = FileNames()
        self.out = Trace({})
        self.alias: dict[str, str] = {}  # a fused node's id -> the layer that holds it
        self.layers: list[dict[str, Any]] = []

    def trace(self) -> Trace:
        self._fuse()
        for node in self.graph.nodes:
            if node.id not in self.alias:
                self.layers.append(self._array(node) if node.is_array else self._other(node))
        graph = self.graph
        network: dict[str, Any] = {
            "name": graph.name,
            "inputs": sorted(graph.inputs),
            "outputs": list(dict.fromkeys(self._name(o) for o in graph.outputs)),
        }
        if graph.task:
            network["task"] = graph.task
        provenance = {"tool": TOOL, "rounding": "half_even", **self.options.provenance}
        stamp = storage.created()
        if stamp is not None:
            provenance["created"] = stamp
        self.out.manifest = {
            "format": "heddle-trace",
            "version": VERSION,
            "samples": len(self.runs),
            "network": network,
            "provenance": provenance,
            "layers": self.layers,
        }
        if self.options.accuracy:
            self.out.manifest["accuracy"] = self.options.accuracy
        return self.out

    def _fuse(self) -> None:
        """Element-wise nodes become `post` of the array operation that they alone read."""
        users = self.graph.users()
        self.post: dict[str, list[str]] = {}
        for node in self.graph.array_nodes():
            tail = node
            while True:
                following = users.get(tail.id, [])
                if (
                    len(following) != 1
                    or following[0].op not in POST_OPS
                    or len(following[0].inputs) != 1
                    or tail.id in self.graph.outputs
                ):
                    break
                tail = following[0]
                self.alias[tail.id] = node.id
                self.post.setdefault(node.id, []).append(tail.op)

    def _name(self, value: str) -> str:
        return self.alias.get(value, value)

    def _inputs(self, node: Node) -> list[str]:
        return [self._name(i) for i in node.inputs if i not in self.graph.consts]

    def _other(self, node: Node) -> dict[str, Any]:
        shape = [int(n) for n in self.shapes[node.id]] or [1]
        return {
            "id": node.id,
            "index": len(self.layers),
            "op": TRACE_OPS.get(node.op, "other"),
            "inputs": self._inputs(node),
            "shape": {"output": shape},
        }

    def _array(self, node: Node) -> dict[str, Any]:
        stem = self.names.stem(node.id)
        quant = self.plan.layers[node.id]
        runs = [trace_layout(node, r[node.id]) for r in self.runs]
        layer: dict[str, Any] = {
            "id": node.id,
            "index": len(self.layers),
            "op": node.op,
            "inputs": self._inputs(node),
            "shape": layer_shape(node, runs[0]),
            "groups": runs[0].groups,
        }
        if node.op == "conv2d":
            layer.update(
                stride=list(node.attrs["stride"]), pads=list(node.attrs["pads"]), dilation=list(node.attrs["dilation"])
            )
        if node.id in self.post:
            layer["post"] = self.post[node.id]
        layer["operands"] = [self._activation(node, quant, runs, stem), self._weight(node, quant, runs, stem)]
        if runs[0].bias is not None:
            bias = runs[0].bias
            name = self.out.add(f"tensors/{stem}.b.npy", bias.astype(accumulator_dtype(bias)))
            layer["bias"] = {"file": name}
        layer["precision"] = self._precision(node, quant, runs, stem)
        layer["accumulator"] = self._accumulator(quant, runs, stem)
        layer["requant"] = _requant(quant)
        return layer

    def _activation(self, node: Node, quant: LayerQuant, runs: list[LayerCodes], stem: str) -> dict[str, Any]:
        files = [
            self.out.add(f"tensors/{stem}.x.s{k}.npy", r.act.astype(quant.act.dtype())) for k, r in enumerate(runs)
        ]
        return {
            "role": "activation",
            "source": self._name(node.inputs[0]),
            "files": files,
            "axes": "NCHW" if node.op == "conv2d" else "MC",
            "rep": self._rep(quant.act, stem, "a"),
        }

    def _weight(self, node: Node, quant: LayerQuant, runs: list[LayerCodes], stem: str) -> dict[str, Any]:
        entry: dict[str, Any] = {
            "role": "weight",
            "axes": "KCRS" if node.op == "conv2d" else "KC",
            "rep": self._rep(quant.weight, stem, "w"),
        }
        dtype = quant.weight.dtype()
        constant = node.op == "matmul" and node.inputs[1] in self.graph.consts
        if node.op == "matmul" and not constant:
            entry["source"] = self._name(node.inputs[1])
            entry["files"] = [
                self.out.add(f"tensors/{stem}.w.s{k}.npy", r.weight.astype(dtype)) for k, r in enumerate(runs)
            ]
        else:
            entry["source"] = "static"
            entry["file"] = self.out.add(f"tensors/{stem}.w.npy", runs[0].weight.astype(dtype))
        return entry

    def _rep(self, q: QParams, stem: str, role: str) -> dict[str, Any]:
        scale = q.scale if q.true_scale is None else q.true_scale
        entry: dict[str, Any]
        if scale.size == 1:
            # with lsb_exp the scale is 2^lsb_exp already and nothing is left over
            value = 1.0 if q.lsb_exp is not None else float(scale)
            entry = {"granularity": "tensor", "value": value}
        else:
            name = self.out.add(f"tensors/{stem}.{role}scale.npy", scale.astype("<f8"))
            entry = {"granularity": "axis", "axis": 0, "file": name}
        entry["constraint"] = "none" if q.lsb_exp is None else "pow2"
        rep: dict[str, Any] = {
            "kind": "int",
            "bits": q.container,
            "signed": q.signed,
            "zero_point": q.zero_point,
            "pad_code": q.zero_point,
            "scale": entry,
        }
        if q.lsb_exp is not None:
            rep["lsb_exp"] = q.lsb_exp
        if q.bipolar:
            rep["bipolar"] = True
        elif q.narrow:
            rep["narrow"] = True
        return rep

    def _precision(self, node: Node, quant: LayerQuant, runs: list[LayerCodes], stem: str) -> dict[str, Any]:
        precision: dict[str, Any] = {"a_bits": quant.act.bits, "w_bits": quant.weight.bits}
        if node.op != "matmul":
            weights = runs[0].weight
            name = self.out.add(f"tensors/{stem}.wbits.npy", group_widths(weights, quant.weight.signed))
            precision["w_groups"] = {"size": 16, "axis": "C", "file": name}
        return precision

    def _accumulator(self, quant: LayerQuant, runs: list[LayerCodes], stem: str) -> dict[str, Any]:
        low, high = quant.act.range()
        peak = max(abs(low), abs(high))
        bound = 0
        for r in runs:
            total = int(np.abs(r.weight).reshape(r.weight.shape[0], -1).sum(1).max())
            bias = 0 if r.bias is None else int(np.abs(r.bias).max())
            bound = max(bound, total * peak + bias)
        expect = [self._expect(r.acc, stem, k) for k, r in enumerate(runs)]
        return {"bits": bits_needed(-bound, bound, True), "rule": "exact", "expect": expect}

    def _expect(self, acc: np.ndarray, stem: str, sample: int) -> dict[str, str]:
        limit = self.options.expect_limit
        name = f"expect/{stem}.acc.s{sample}.npy"
        if limit is None or acc.size <= limit:
            return {"file": self.out.add(name, acc.astype(accumulator_dtype(acc)))}
        rng = np.random.default_rng([self.options.seed, sample, len(self.layers)])
        index = np.sort(rng.choice(acc.size, size=limit, replace=False)).astype(np.int64)
        values = acc.reshape(-1)[index]
        return {
            "file": self.out.add(name, values.astype(accumulator_dtype(values))),
            "index_file": self.out.add(f"expect/{stem}.idx.s{sample}.npy", index),
        }


def _requant(quant: LayerQuant) -> dict[str, Any]:
    """How accumulators become values again; what a weight's zero point adds is data-dependent."""
    exact = quant.act.lsb_exp is not None and quant.weight.lsb_exp is not None
    entry: dict[str, Any] = {"mode": "shift" if exact else "float64"}
    if quant.act.lsb_exp is not None or float(quant.act.scale) != 1.0:
        entry["rounding"] = "half_even"  # networks that come quantized round in their own way
    if quant.weight.zero_point:
        entry["correction"] = (
            f"subtract {quant.weight.zero_point} * (sum of the window's "
            f"activation codes - {quant.act.zero_point} * window size)"
        )
    return entry
