# SPDX-License-Identifier: Apache-2.0
"""ONNX LSTM, GRU and RNN, unrolled: the inputs of all steps meet their weights in one linear layer, the state of
each step meets its weights in a linear layer of its own."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from heddle_quantize.ingest.onnx.arrays import reshape_to
from heddle_quantize.ingest.onnx.importer import Importer
from heddle_quantize.ingest.onnx.node import OnnxNode
from heddle_quantize.ingest.onnx.operator import Operator, operator

Step = Callable[["Cell", str, str, list[str]], list[str]]
"""(cell, name of the step, projected inputs, states) to the new states; the first is the output."""


@dataclass
class Cell:
    """One direction of a recurrent node; weights are gates stacked, as ONNX has them."""

    s: Importer
    n: OnnxNode
    hidden: int
    recurrence: np.ndarray
    recurrent_bias: np.ndarray
    peephole: np.ndarray | None
    activations: list[str]

    def op(self, op: str, name: str, *values: str) -> str:
        return self.s.emit(self.n, op, list(values), name=name)

    def gate(self, value: str, index: int, name: str) -> str:
        """The part of stacked gates (B, gates * hidden) that belongs to one."""
        ranges = [(1, index * self.hidden, (index + 1) * self.hidden, 1)]
        return self.s.emit(self.n, "slice", [value], name=name, ranges=ranges)

    def state_product(self, state: str, name: str, gates: slice, bias: bool) -> str:
        rows = slice(gates.start * self.hidden, gates.stop * self.hidden)
        params = {"weight": self.recurrence[rows], "bias": self.recurrent_bias[rows] if bias else None}
        return self.s.emit(self.n, "linear", [state], params, name=name)

    def constant(self, array: np.ndarray, name: str) -> str:
        return self.s.constant(self.n, array, name)


def _peep(c: Cell, value: str, gate: int, state: str, name: str) -> str:
    """Adds what the gate sees of the cell's state."""
    if c.peephole is None:
        return value
    weight = c.constant(c.peephole[gate * c.hidden : (gate + 1) * c.hidden], "peephole")
    return c.op("add", f"{name}.sum", value, c.op("mul", name, state, weight))


def _lstm(c: Cell, name: str, projected: str, states: list[str]) -> list[str]:
    hidden, cell = states
    inner, candidate, outer = c.activations
    gates = c.op("add", f"{name}.gates", projected, c.state_product(hidden, name, slice(0, 4), True))
    i, o, f, g = (c.gate(gates, k, f"{name}.{letter}") for k, letter in enumerate("iofc"))
    i = c.op(inner, f"{name}.in", _peep(c, i, 0, cell, f"{name}.pi"))
    f = c.op(inner, f"{name}.forget", _peep(c, f, 2, cell, f"{name}.pf"))
    g = c.op(candidate, f"{name}.candidate", g)
    kept, added = c.op("mul", f"{name}.kept", f, cell), c.op("mul", f"{name}.added", i, g)
    cell = c.op("add", f"{name}.cell", kept, added)
    o = c.op(inner, f"{name}.out", _peep(c, o, 1, cell, f"{name}.po"))
    return [c.op("mul", f"{name}.hidden", o, c.op(outer, f"{name}.shown", cell)), cell]


def _gru(c: Cell, name: str, projected: str, states: list[str]) -> list[str]:
    (hidden,) = states
    inner, candidate = c.activations
    both = c.state_product(hidden, name, slice(0, 2), True)
    z, r = (
        c.op(inner, f"{name}.{w}", c.op("add", f"{name}.{w}sum", c.gate(projected, k, f"{name}.{w}in"), part))
        for k, w, part in ((0, "z", c.gate(both, 0, f"{name}.zh")), (1, "r", c.gate(both, 1, f"{name}.rh")))
    )
    given = c.gate(projected, 2, f"{name}.h")
    if c.n.attrs.get("linear_before_reset", 0):
        seen = c.op("mul", f"{name}.reset", r, c.state_product(hidden, f"{name}.state", slice(2, 3), True))
    else:
        seen = c.state_product(c.op("mul", f"{name}.reset", r, hidden), f"{name}.state", slice(2, 3), True)
    new = c.op(candidate, f"{name}.candidate", c.op("add", f"{name}.hsum", given, seen))
    change = c.op("mul", f"{name}.change", z, c.op("sub", f"{name}.less", hidden, new))
    return [c.op("add", f"{name}.hidden", new, change)]


def _rnn(c: Cell, name: str, projected: str, states: list[str]) -> list[str]:
    total = c.op("add", f"{name}.sum", projected, c.state_product(states[0], name, slice(0, 1), True))
    return [c.op(c.activations[0], f"{name}.hidden", total)]


@dataclass(frozen=True)
class Kind:
    gates: int
    states: int
    step: Step
    activations: tuple[str, ...]


KINDS = {
    "LSTM": Kind(4, 2, _lstm, ("Sigmoid", "Tanh", "Tanh")),
    "GRU": Kind(3, 1, _gru, ("Sigmoid", "Tanh")),
    "RNN": Kind(1, 1, _rnn, ("Tanh",)),
}
ACTIVATIONS = {"Sigmoid": "sigmoid", "Tanh": "tanh", "Relu": "relu"}


def _activations(s: Importer, n: OnnxNode, kind: Kind, directions: int) -> list[list[str]]:
    words = [w.decode() for w in n.attrs.get("activations", [])] or list(kind.activations) * directions
    if len(words) != directions * len(kind.activations) or any(w not in ACTIVATIONS for w in words):
        raise s.refuse(n, f"activations {words}", f"{', '.join(ACTIVATIONS)}: {len(kind.activations)} per direction")
    size = len(kind.activations)
    return [[ACTIVATIONS[w] for w in words[d * size : (d + 1) * size]] for d in range(directions)]


def _initial(s: Importer, n: OnnxNode, kind: Kind, direction: int, projected: str, hidden: int) -> list[str]:
    """The states ahead of the first step, (B, hidden) each; zeros where the node states none."""
    states = []
    for i in range(kind.states):
        if s.given(n, 5 + i):
            axis = 1 if n.attrs.get("layout", 0) else 0
            value = s.emit(n, "select", [s.value(n, 5 + i)], name=f"{n.name}.s{i}", axis=axis, index=direction)
        else:
            value = s.constant(n, np.zeros((1, hidden), np.float32), f"zero{i}")
        states.append(
            s.emit(n, "alike", [value, projected], name=f"{n.name}.start{i}") if s.known(value) is not None else value
        )
    return states


def _direction(s: Importer, n: OnnxNode, kind: Kind, d: int, backward: bool, words: list[str]) -> tuple[str, list[str]]:
    """(B, steps, 1, hidden) of all steps, and the last states as (B, 1, hidden)."""
    weight, recurrence = s.const(n, 1)[d], s.const(n, 2)[d]
    hidden = recurrence.shape[-1]
    bias = s.const(n, 3)
    halves = np.zeros((2, weight.shape[0]), np.float32) if bias is None else bias[d].reshape(2, -1)
    peephole = s.const(n, 7)
    cell = Cell(s, n, hidden, recurrence, halves[1], None if peephole is None else peephole[d], words)
    name = f"{n.name}.{'backward' if backward else 'forward'}"
    projected = s.emit(n, "linear", [s.value(n, 0)], {"weight": weight, "bias": halves[0]}, name=f"{name}.inputs")
    axis = 1 if n.attrs.get("layout", 0) else 0
    steps = s.shape(n, 0)[axis]
    first = s.emit(n, "select", [projected], name=f"{name}.first", axis=axis, index=0)
    states = _initial(s, n, kind, d, first, hidden)
    shown: list[str] = [""] * steps
    for t in range(steps)[::-1] if backward else range(steps):
        now = s.emit(n, "select", [projected], name=f"{name}.x{t}", axis=axis, index=t)
        states = kind.step(cell, f"{name}.t{t}", now, states)
        shown[t] = reshape_to(s, n, states[0], [1, 1, hidden], f"{name}.y{t}")
    joined = shown[0] if steps == 1 else s.emit(n, "concat", shown, name=f"{name}.steps", axis=1)
    return joined, [reshape_to(s, n, v, [1, hidden], f"{name}.last{i}") for i, v in enumerate(states)]


def _recurrent(s: Importer, n: OnnxNode) -> None:
    kind = KINDS[n.op]
    word = n.attrs.get("direction", b"forward").decode()
    if word not in ("forward", "reverse", "bidirectional"):
        raise s.refuse(n, f"direction = {word}", "forward, reverse or bidirectional")
    by_batch = bool(n.attrs.get("layout", 0))
    backward = {"forward": [False], "reverse": [True], "bidirectional": [False, True]}[word]
    lengths = s.const(n, 4)
    if lengths is not None and any(int(v) != s.shape(n, 0)[1 if by_batch else 0] for v in lengths):
        raise s.refuse(n, f"sequence_lens {lengths.tolist()}", "all steps of every sample")
    words = _activations(s, n, kind, len(backward))
    made = [_direction(s, n, kind, d, b, w) for d, (b, w) in enumerate(zip(backward, words))]

    def joined(values: list[str], axis: int, name: str) -> str:
        return values[0] if len(values) == 1 else s.emit(n, "concat", values, name=f"{n.name}.{name}", axis=axis)

    results = [joined([m[0] for m in made], 2, "all")]
    results += [joined([m[1][i] for m in made], 1, f"state{i}") for i in range(kind.states)]
    for position, value in enumerate(results):
        if position < len(n.outputs) and n.outputs[position]:
            perm = [1, 2, 0, 3] if position == 0 else [1, 0, 2]
            order = list(range(len(perm))) if by_batch else perm
            s.emit(n, "transpose", [value], position=position, perm=order)


COMMON = "activations direction hidden_size layout"
TABLE: dict[str, Operator] = {
    "LSTM": operator(_recurrent, COMMON, (3, 8), ranks=(3, 3), outputs=3),
    "GRU": operator(_recurrent, COMMON + " linear_before_reset", (3, 6), ranks=(3, 3), outputs=2),
    "RNN": operator(_recurrent, COMMON, (3, 6), ranks=(3, 3), outputs=2),
}
