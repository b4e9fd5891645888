# SPDX-License-Identifier: Apache-2.0
"""ONNX convolutions and matrix products: the operations an accelerator's array computes."""
from __future__ import annotations

import math
from typing import Any

import numpy as np

from heddle_quantize.graph.transposed import transposed_pads, transposed_weight
from heddle_quantize.ingest.onnx.importer import Importer
from heddle_quantize.ingest.onnx.node import OnnxNode
from heddle_quantize.ingest.onnx.operator import Operator, operator


def whole_numbers(n: OnnxNode, name: str, count: int, default: int = 1) -> list[int]:
    """An attribute of one number per spatial axis."""
    found = [int(v) for v in n.attrs.get(name, [default] * count)]
    if len(found) != count:
        raise ValueError(f"{name} of {len(found)} numbers for {count} axes")
    return found


def spatial_pads(s: Importer, n: OnnxNode, kernel: list[int], stride: list[int], dilation: list[int]) -> list[int]:
    """Pads of the axes in front, then behind: top, left, bottom, right."""
    count = len(kernel)
    mode = n.attrs.get("auto_pad", b"NOTSET").decode()
    if mode == "NOTSET":
        return whole_numbers(n, "pads", 2 * count, 0)
    if mode == "VALID":
        return [0] * (2 * count)
    if mode not in ("SAME_UPPER", "SAME_LOWER"):
        raise s.refuse(n, f"auto_pad = {mode}", "NOTSET, VALID, SAME_UPPER or SAME_LOWER")
    front, behind = [], []
    for size, k, st, d in zip(s.shape(n, 0)[2:], kernel, stride, dilation):
        total = max((-(-size // st) - 1) * st + d * (k - 1) + 1 - size, 0)
        small = total // 2
        front.append(small if mode == "SAME_UPPER" else total - small)
        behind.append(total - front[-1])
    return front + behind


def _bias(s: Importer, n: OnnxNode, index: int = 2) -> np.ndarray | None:
    found: np.ndarray | None = s.const(n, index)
    return found


def _conv(s: Importer, n: OnnxNode) -> None:
    if not s.is_const(n, 1):
        raise s.refuse(n, f"weights '{n.inputs[1]}' computed from the network's input", "constant weights")
    weight = s.const(n, 1)
    kernel = list(weight.shape[2:])
    count = len(kernel)
    if len(s.shape(n, 0)) != count + 2 or whole_numbers(n, "kernel_shape", count, 0) not in (kernel, [0] * count):
        raise s.refuse(n, f"kernel {kernel} for a value of shape {s.shape(n, 0)}", "as many spatial axes")
    stride, dilation = whole_numbers(n, "strides", count), whole_numbers(n, "dilations", count)
    pads = spatial_pads(s, n, kernel, stride, dilation)
    groups = int(n.attrs.get("group", 1))
    if weight.shape[1] * groups != s.shape(n, 0)[1] or weight.shape[0] % groups:
        raise s.refuse(n, f"weights of shape {weight.shape} in {groups} groups", f"{s.shape(n, 0)[1]} channels")
    value = s.value(n, 0)
    if count == 1:
        _conv_of_one_row(s, n, weight, stride, pads, dilation, groups)
    elif count == 2:
        params = {"weight": weight, "bias": _bias(s, n)}
        s.emit(n, "conv2d", [value], params, stride=stride, pads=pads, dilation=dilation, groups=groups)
    else:
        _conv_lowered(s, n, weight, stride, pads, dilation, groups)


def _conv_of_one_row(
    s: Importer, n: OnnxNode, weight: np.ndarray, stride: list[int], pads: list[int], dilation: list[int], groups: int
) -> None:
    row = reshape_to(s, n, s.value(n, 0), [weight.shape[1] * groups, 1, s.shape(n, 0)[2]], f"{n.name}.row")
    out = s.emit(
        n,
        "conv2d",
        [row],
        {"weight": weight[:, :, None], "bias": _bias(s, n)},
        name=n.name,
        stride=[1, *stride],
        pads=[0, pads[0], 0, pads[1]],
        dilation=[1, *dilation],
        groups=groups,
    )
    reshape_to(s, n, out, [weight.shape[0], s.shape_of(out)[-1]])


def reshape_to(s: Importer, n: OnnxNode, value: str, shape: list[int], name: str | None = None) -> str:
    """Keeps the leading axis; `shape` is what follows it."""
    if s.graph.whole:
        return s.emit(n, "reshape", [value], name=name, full=[s.shape_of(value)[0], *shape])
    return s.emit(n, "reshape", [value], name=name, shape=shape)


def _conv_lowered(
    s: Importer, n: OnnxNode, weight: np.ndarray, stride: list[int], pads: list[int], dilation: list[int], groups: int
) -> None:
    """A convolution over three axes as a linear layer over its windows, one per group."""
    kernel, channels, filters = list(weight.shape[2:]), weight.shape[1], weight.shape[0] // groups
    bias = _bias(s, n)
    parts = []
    for g in range(groups):
        value, base = s.value(n, 0), n.name if groups == 1 else f"{n.name}.group{g}"
        if groups > 1:
            ranges = [(1, g * channels, (g + 1) * channels, 1)]
            value = s.emit(n, "slice", [value], name=f"{base}.channels", ranges=ranges)
        how: dict[str, Any] = {"kernel": kernel, "stride": stride, "pads": pads, "dilation": dilation}
        rows = s.emit(n, "windows", [value], name=f"{base}.windows", **how)
        part = weight[g * filters : (g + 1) * filters].reshape(filters, -1)
        own = None if bias is None else bias[g * filters : (g + 1) * filters]
        parts.append(s.emit(n, "linear", [rows], {"weight": part, "bias": own}, name=base))
    joined = parts[0] if groups == 1 else s.emit(n, "concat", parts, name=f"{n.name}.groups", axis=2)
    turned = s.emit(n, "transpose", [joined], name=f"{n.name}.channels", perm=[0, 2, 1])
    sizes = [
        (size + before + behind - (k - 1) * d - 1) // st + 1
        for size, before, behind, k, d, st in zip(
            s.shape(n, 0)[2:], pads, pads[len(kernel) :], kernel, dilation, stride
        )
    ]
    reshape_to(s, n, turned, [weight.shape[0], *sizes])


def _transposed_pads(
    s: Importer, n: OnnxNode, kernel: list[int], stride: list[int], dilation: list[int]
) -> tuple[list[int], list[int]]:
    """Pads in front and behind, and the padding of the output."""
    count = len(kernel)
    extra = whole_numbers(n, "output_padding", count, 0)
    mode = n.attrs.get("auto_pad", b"NOTSET").decode()
    shape = [int(v) for v in n.attrs.get("output_shape", [])][-count:]
    if not shape and mode in ("NOTSET", "VALID"):
        return whole_numbers(n, "pads", 2 * count, 0) if mode == "NOTSET" else [0] * (2 * count), extra
    if mode not in ("NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"):
        raise s.refuse(n, f"auto_pad = {mode}", "NOTSET, VALID, SAME_UPPER or SAME_LOWER")
    front, behind = [], []
    for i, size in enumerate(s.shape(n, 0)[2:]):
        wanted = shape[i] if shape else size * stride[i]
        total = stride[i] * (size - 1) + extra[i] + (kernel[i] - 1) * dilation[i] + 1 - wanted
        if total < 0:
            extra[i] -= total
            total = 0
        # ONNX: the larger half in front unless SAME_UPPER
        front.append(total // 2 if mode == "SAME_UPPER" else total - total // 2)
        behind.append(total - front[-1])
    return front + behind, extra


def _conv_transposed(s: Importer, n: OnnxNode) -> None:
    weight, value = s.const(n, 1), s.value(n, 0)
    count = weight.ndim - 2
    if count not in (1, 2):
        raise s.refuse(n, f"a kernel of shape {weight.shape}", "one or two spatial axes")
    kernel = list(weight.shape[2:])
    stride, dilation = whole_numbers(n, "strides", count), whole_numbers(n, "dilations", count)
    given, extra = _transposed_pads(s, n, kernel, stride, dilation)
    groups = int(n.attrs.get("group", 1))
    if count == 1:
        value = reshape_to(s, n, value, [s.shape(n, 0)[1], 1, s.shape(n, 0)[2]], f"{n.name}.row")
        weight = weight[:, :, None]
        kernel, stride, dilation, extra = [1, *kernel], [1, *stride], [1, *dilation], [0, *extra]
        given = [0, given[0], 0, given[1]]
    pads = transposed_pads(kernel, dilation, given, extra)
    stuffed = value
    if stride != [1, 1]:
        stuffed = s.emit(n, "zero_stuff", [value], name=f"{n.name}.stuffed", stride=stride)
    cut = [min(p, 0) for p in pads]
    if any(cut):
        pairs = [(0, 0), (0, 0), (cut[0], cut[2]), (cut[1], cut[3])]
        stuffed = s.emit(n, "pad", [stuffed], name=f"{n.name}.cut", pairs=pairs)
        pads = [max(p, 0) for p in pads]
    out = s.emit(
        n,
        "conv2d",
        [stuffed],
        {"weight": transposed_weight(weight, groups), "bias": _bias(s, n)},
        name=None if count == 2 else n.name,
        stride=[1, 1],
        pads=pads,
        dilation=dilation,
        groups=groups,
    )
    if count == 1:
        reshape_to(s, n, out, [s.shape_of(out)[1], s.shape_of(out)[3]])


def _gemm(s: Importer, n: OnnxNode) -> None:
    """alpha * A' * B' + beta * C: a linear layer if B is constant, a product of two operands otherwise."""
    alpha, beta = np.float32(n.attrs.get("alpha", 1.0)), np.float32(n.attrs.get("beta", 1.0))
    left = s.value(n, 0)
    if n.attrs.get("transA", 0):
        left = s.emit(n, "transpose", [left], name=f"{n.name}.a", perm=[1, 0])
    constant = s.is_const(n, 1) and s.known(left) is None
    bias_shape = s.shape(n, 2) if s.given(n, 2) else []
    columns = s.shape(n, 1)[0 if n.attrs.get("transB", 0) else 1]
    row = not s.given(n, 2) or (s.is_const(n, 2) and bias_shape in ([], [1], [columns], [1, columns], [1, 1]))
    if constant and row:
        weight = s.const(n, 1) * alpha
        weight = weight if n.attrs.get("transB", 0) else weight.T
        bias = _bias(s, n)
        if bias is not None:
            bias = np.broadcast_to(bias.reshape(-1) * beta, weight.shape[:1]).copy()
        s.emit(n, "linear", [left], {"weight": np.ascontiguousarray(weight), "bias": bias})
        return
    product = _product(s, n, left, alpha)
    if not s.given(n, 2):
        s.alias(n, product)
        return
    added = s.value(n, 2)
    if beta != 1:
        added = s.emit(n, "mul", [added, s.constant(n, np.array(beta), "beta")], name=f"{n.name}.c")
    s.emit(n, "add", [product, added])


def _product(s: Importer, n: OnnxNode, left: str, alpha: np.float32) -> str:
    right = s.value(n, 1)
    if n.attrs.get("transB", 0):
        right = s.emit(n, "transpose", [right], name=f"{n.name}.b", perm=[1, 0])
    array = s.known(right)
    if array is not None and s.known(left) is None:
        weight = np.ascontiguousarray(array.T)
        product = s.emit(n, "linear", [left], {"weight": weight}, name=f"{n.name}.product")
    else:
        product = s.emit(n, "matmul", [left, right], name=f"{n.name}.product")
    if alpha != 1:
        product = s.emit(n, "mul", [product, s.constant(n, np.array(alpha), "alpha")], name=f"{n.name}.scaled")
    return product


def _matmul(s: Importer, n: OnnxNode) -> None:
    """A constant matrix on the right, or on the left after two transpositions, makes a linear layer."""
    ranks = [len(s.shape(n, i)) for i in (0, 1)]
    left, right = s.values(n)
    fixed = [s.known(v) is not None for v in (left, right)]
    if fixed[1] and not fixed[0] and ranks[1] in (1, 2):
        weight = s.const(n, 1).T if ranks[1] == 2 else s.const(n, 1)[None]
        name = None if ranks[1] == 2 else n.name
        out = s.emit(n, "linear", [left], {"weight": np.ascontiguousarray(weight)}, name=name)
        if ranks[1] == 1:
            _drop_last(s, n, out)
        return
    if fixed[0] and not fixed[1] and ranks[0] == 2 and ranks[1] >= 2:
        order = [*range(ranks[1] - 2), ranks[1] - 1, ranks[1] - 2]
        turned = s.emit(n, "transpose", [right], name=f"{n.name}.turned", perm=order)
        out = s.emit(n, "linear", [turned], {"weight": s.const(n, 0)}, name=n.name)
        s.emit(n, "transpose", [out], perm=order)
        return
    if 1 in ranks and not all(fixed):
        raise s.refuse(n, f"ranks {ranks[0]} and {ranks[1]} of computed operands", "matrices, or a constant vector")
    s.emit(n, "matmul", [left, right])


def _drop_last(s: Importer, n: OnnxNode, value: str) -> None:
    shape = s.shape_of(value)[:-1]
    if s.graph.whole or not shape:
        s.emit(n, "reshape", [value], full=shape)
    else:
        s.emit(n, "reshape", [value], shape=shape[1:])


def _einsum(s: Importer, n: OnnxNode) -> None:
    """Products of two operands over one set of letters become matrix products; the rest stays as it is."""
    equation = n.attrs["equation"].decode().replace(" ", "")
    values = s.values(n)
    if len(values) == 2 and "->" in equation and "." not in equation and _as_matmul(s, n, equation):
        return
    if len(values) > 1 and any(s.known(v) is None for v in values):
        raise s.refuse(n, f"equation {equation}", "a product of two operands that is a (batched) matrix product")
    s.emit(n, "einsum", values, equation=equation)


def _as_matmul(s: Importer, n: OnnxNode, equation: str) -> bool:
    """Orders the letters as batch, row, sum and batch, sum, column; False where the equation is something else."""
    (left, right), out = equation.split("->")[0].split(","), equation.split("->")[1]
    if any(len(set(t)) != len(t) for t in (left, right, out)):
        return False
    batch = [c for c in out if c in left and c in right]
    rows = [c for c in out if c in left and c not in right]
    columns = [c for c in out if c in right and c not in left]
    summed = [c for c in left if c in right and c not in out]
    if set(left) != set(batch + rows + summed) or set(right) != set(batch + columns + summed):
        return False
    size = {**dict(zip(left, s.shape(n, 0))), **dict(zip(right, s.shape(n, 1)))}
    free = not s.graph.whole and left[:1] == out[:1] and (right[:1] == out[:1] or s.is_const(n, 1))
    if batch and not (left[:1] == right[:1] == out[:1] == batch[0]):
        free = False
    count = {k: math.prod(size[c] for c in v) for k, v in (("r", rows), ("c", columns), ("s", summed))}

    def arranged(value: str, letters: str, order: list[str], shape: list[int], name: str) -> str:
        turned = s.emit(n, "transpose", [value], name=f"{n.name}.{name}", perm=[letters.index(c) for c in order])
        return _reshaped(s, n, turned, shape, free, f"{n.name}.{name}matrix")

    lead = [size[c] for c in batch]
    if s.is_const(n, 1) and not batch:
        one = arranged(s.value(n, 0), left, rows + summed, [*(size[c] for c in rows), count["s"]], "left")
        matrix = arranged(s.value(n, 1), right, columns + summed, [count["c"], count["s"]], "right")
        weight = s.known(matrix)
        assert weight is not None
        product = s.emit(n, "linear", [one], {"weight": weight}, name=n.name)
    else:
        free = free and bool(batch)
        one = arranged(s.value(n, 0), left, batch + rows + summed, [*lead, count["r"], count["s"]], "left")
        two = arranged(s.value(n, 1), right, batch + summed + columns, [*lead, count["s"], count["c"]], "right")
        product = s.emit(n, "matmul", [one, two], name=n.name)
    order = batch + rows + columns
    back = _reshaped(s, n, product, [size[c] for c in order], free, f"{n.name}.split")
    s.emit(n, "transpose", [back], perm=[order.index(c) for c in out])
    return True


def _reshaped(s: Importer, n: OnnxNode, value: str, shape: list[int], free: bool, name: str) -> str:
    if s.shape_of(value) == shape:
        return value
    if free and s.known(value) is None:
        return s.emit(n, "reshape", [value], name=name, shape=shape[1:])
    if s.known(value) is None:
        s.graph.single = True
    return s.emit(n, "reshape", [value], name=name, full=shape)


CONV = "auto_pad dilations group kernel_shape pads strides"
TABLE: dict[str, Operator] = {
    "Conv": operator(_conv, CONV, (2, 3), ranks=(3, 5)),
    "ConvTranspose": operator(_conv_transposed, CONV + " output_padding output_shape", (2, 3), ranks=(3, 4)),
    "Gemm": operator(_gemm, "alpha beta transA transB", (2, 3), types="f", ranks=(2, 2)),
    "MatMul": operator(_matmul, "", 2, types="f"),
    "Einsum": operator(_einsum, "equation", (1, None)),
}
