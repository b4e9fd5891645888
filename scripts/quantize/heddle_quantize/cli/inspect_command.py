# SPDX-License-Identifier: Apache-2.0
"""Subcommand inspect: a model's operations, shapes and work in one table."""
from __future__ import annotations

import argparse
import shutil
from typing import Any

from heddle_quantize.base.errors import EXIT_OK
from heddle_quantize.cli.answer import Answer
from heddle_quantize.cli.model_commands import open_network
from heddle_quantize.cli.precision_choice import take_positional
from heddle_quantize.graph import executor
from heddle_quantize.graph.graph import Graph, Node
from heddle_quantize.graph.work import layer_work, output_shapes
from heddle_quantize.ingest.model_source import states_quantization, open_quantized
from heddle_quantize.quantize.plan import Plan

NARROW, WIDE = 80, 200


def inspect(args: argparse.Namespace) -> Answer:
    take_positional(args)
    plan: Plan | None = None
    if args.onnx is not None and states_quantization(args.onnx):
        graph, plan = open_quantized(args.onnx)
    else:
        graph = open_network(args, weightless=True)
    feeds = executor.noise(graph, 1)
    work, shapes = layer_work(graph, feeds), output_shapes(graph, feeds)
    rows = [_row(node, work, shapes, plan) for node in graph.nodes]
    inputs = {k: list(v) for k, v in graph.inputs.items()}
    report = {"network": graph.name, "layers": rows, "inputs": inputs, "outputs": graph.outputs, "notes": graph.notes}
    return EXIT_OK, report, "\n".join([*_lines(rows, plan is not None), _total(graph, work)])


def _row(node: Node, work: dict[str, int], shapes: dict[str, list[int]], plan: Plan | None) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": node.id,
        "op": node.op,
        "inputs": node.inputs,
        "shape": shapes[node.id],
        "products": work.get(node.id, 0),
        "weight": list(node.params["weight"].shape) if node.is_array and "weight" in node.params else None,
    }
    if plan is not None and node.id in plan.layers:
        quant = plan.layers[node.id]
        row["a_bits"], row["w_bits"] = quant.act.bits, quant.weight.bits
    return row


def _lines(rows: list[dict[str, Any]], quantized: bool) -> list[str]:
    """A table as wide as the terminal; long names keep their end, which tells them apart."""
    head = ["name", "operation", "output", "weights", "products"] + (["Pa", "Pw"] if quantized else [])
    cells = [head]
    for r in rows:
        bits = [str(r.get("a_bits", "")), str(r.get("w_bits", ""))] if quantized else []
        shape, weight = "x".join(map(str, r["shape"])), "x".join(map(str, r["weight"] or []))
        cells.append([r["id"], r["op"], shape, weight, f"{r['products']:,}" if r["products"] else "", *bits])
    widths = [max(len(row[i]) for row in cells) for i in range(len(head))]
    room = min(max(shutil.get_terminal_size().columns, NARROW), WIDE) - sum(widths[1:]) - 2 * (len(head) - 1)
    widths[0] = min(widths[0], max(room, 16))
    lines = []
    for row in cells:
        name = row[0] if len(row[0]) <= widths[0] else "..." + row[0][3 - widths[0] :]
        rest = [c.ljust(w) if i < 2 else c.rjust(w) for i, (c, w) in enumerate(zip(row[1:], widths[1:]))]
        lines.append("  ".join([name.ljust(widths[0]), *rest]).rstrip())
    return [lines[0], "-" * max(map(len, lines)), *lines[1:]]


def _total(graph: Graph, work: dict[str, int]) -> str:
    outputs = f"{len(graph.outputs)} output" + ("" if len(graph.outputs) == 1 else "s")
    return f"{len(graph.array_nodes())} array operations, {sum(work.values()):,} products, {outputs}"
