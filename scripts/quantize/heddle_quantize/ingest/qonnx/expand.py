# SPDX-License-Identifier: Apache-2.0
"""Writes ONNX's operators on integers as what they mean: DequantizeLinear, the float operator, QuantizeLinear."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np


class Expansion:
    """The nodes that take the place of one."""

    def __init__(self, node: Any, constants: dict[str, Any]) -> None:
        self.node = node
        self.constants = constants  # initialisers by name; new ones are added
        self.made: list[Any] = []

    def _add(self, op: str, inputs: list[str], output: str, name: str, **attrs: Any) -> str:
        import onnx.helper

        self.made.append(onnx.helper.make_node(op, inputs, [output], name=name, **attrs))
        return output

    def real(self, index: int, scale: str, zero: str, role: str, axis: int = 1) -> str:
        """Input `index` as the numbers that its codes stand for."""
        name = f"{self.node.name}.{role}"
        inputs = [self.node.input[index], scale] + ([zero] if zero else [])
        return self._add("DequantizeLinear", inputs, name, name, axis=axis)

    def given(self, index: int) -> str:
        return str(self.node.input[index]) if index < len(self.node.input) else ""

    def compute(self, op: str, inputs: list[str], scale: str, zero: str) -> None:
        """The float operator under the node's own name and attributes, and its outcome as codes."""
        import onnx.helper

        final = self.node.output[0]
        output = f"{self.node.name}.real" if scale else final
        made = onnx.helper.make_node(op, inputs, [output], name=self.node.name)
        made.attribute.extend(self.node.attribute)
        self.made.append(made)
        if scale:
            self._add("QuantizeLinear", [output, scale] + ([zero] if zero else []), final, f"{self.node.name}.codes")

    def constant(self, array: np.ndarray, role: str) -> str:
        import onnx.numpy_helper

        name = f"{self.node.name}.{role}"
        self.constants[name] = onnx.numpy_helper.from_array(array, name)
        return name

    def value(self, name: str) -> np.ndarray:
        import onnx.numpy_helper

        return np.asarray(onnx.numpy_helper.to_array(self.constants[name]))

    def bias(self, index: int, first: str, second: str) -> list[str]:
        """A bias in units of the accumulator; nothing where there is none."""
        if not self.given(index):
            return []
        scale = self.value(first).astype(np.float32) * self.value(second).astype(np.float32)
        return [self.real(index, self.constant(np.asarray(scale).reshape(-1)[:].squeeze(), "biasscale"), "", "bias", 0)]


def _conv(e: Expansion) -> None:
    _, xs, xz, _, ws, wz, ys, yz = (e.given(i) for i in range(8))
    e.compute("Conv", [e.real(0, xs, xz, "x"), e.real(3, ws, wz, "w", 0), *e.bias(8, xs, ws)], ys, yz)


def _matmul(e: Expansion) -> None:
    _, xs, xz, _, ws, wz, ys, yz = (e.given(i) for i in range(8))
    e.compute("MatMul", [e.real(0, xs, xz, "x"), e.real(3, ws, wz, "w")], ys, yz)


def _gemm(e: Expansion) -> None:
    _, xs, xz, _, ws, wz, _, ys, yz = (e.given(i) for i in range(9))
    rows = 0 if any(a.name == "transB" and a.i for a in e.node.attribute) else 1
    e.compute("Gemm", [e.real(0, xs, xz, "x"), e.real(3, ws, wz, "w", rows), *e.bias(6, xs, ws)], ys, yz)


def _binary(op: str) -> Callable[[Expansion], None]:
    def run(e: Expansion) -> None:
        e.compute(
            op, [e.real(0, e.given(1), e.given(2), "a"), e.real(3, e.given(4), e.given(5), "b")], *map(e.given, (6, 7))
        )

    return run


def _integer(op: str) -> Callable[[Expansion], None]:
    """The accumulators themselves, as 32-bit integers."""

    def run(e: Expansion) -> None:
        one = e.constant(np.array(1, np.float32), "one")
        axis = 0 if op == "Conv" else 1
        output = e.node.output[0]
        e.node.output[0] = f"{e.node.name}.sum"
        e.compute(op, [e.real(0, one, e.given(2), "x"), e.real(1, one, e.given(3), "w", axis)], "", "")
        e._add("Cast", [e.node.output[0]], output, f"{e.node.name}.cast", to=6)

    return run


EXPANSIONS: dict[str, Callable[[Expansion], None]] = {
    "QLinearConv": _conv,
    "QLinearMatMul": _matmul,
    "QGemm": _gemm,
    "QLinearAdd": _binary("Add"),
    "QLinearMul": _binary("Mul"),
    "ConvInteger": _integer("Conv"),
    "MatMulInteger": _integer("MatMul"),
}


def expanded(model: Any) -> Any:
    """The model with these operators written out."""
    if not any(n.op_type in EXPANSIONS for n in model.graph.node):
        return model
    out = type(model)()
    out.CopyFrom(model)
    constants = {tensor.name: tensor for tensor in model.graph.initializer}
    known = set(constants)
    del out.graph.node[:]
    out.graph.node.extend(_nodes(model, constants))
    out.graph.initializer.extend(tensor for name, tensor in constants.items() if name not in known)
    return out


def _nodes(model: Any, constants: dict[str, Any]) -> Iterator[Any]:
    for original in model.graph.node:
        rewrite = EXPANSIONS.get(original.op_type)
        if rewrite is None:
            yield original
            continue
        node = type(original)()
        node.CopyFrom(original)
        node.name = node.name or node.output[0]
        expansion = Expansion(node, constants)
        rewrite(expansion)
        yield from expansion.made
