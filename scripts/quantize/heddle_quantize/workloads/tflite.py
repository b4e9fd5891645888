# SPDX-License-Identifier: Apache-2.0
"""TFLite networks exported to npz and json: int8 or uint8 with zero points, run in codes.

Values in the graph are codes less their zero point, so that real zero is 0 and padding is right.
"""
from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from heddle_quantize.formats.uniform import QParams
from heddle_quantize.graph.executor import output, run
from heddle_quantize.graph.graph import Graph, Node, check_graph
from heddle_quantize.quantize.integer_arrays import IntegerArrays, LayerRun
from heddle_quantize.quantize.plan import LayerQuant, Plan
from heddle_quantize.search.task import Labelled
from heddle_quantize.workloads.workload import Golden, Workload, compare, load_json, load_npz, source


RELU, RELU6 = 1, 3


def same_pads(size: list[int], kernel: list[int], stride: list[int]) -> list[int]:
    """TensorFlow's SAME: the odd one goes to the bottom and right."""
    both = []
    for n, k, s in zip(size, kernel, stride):
        total = max((-(-n // s) - 1) * s + k - n, 0)
        both.append((total // 2, total - total // 2))
    return [both[0][0], both[1][0], both[0][1], both[1][1]]


class _Loader:
    """Turns the operator list into a graph and its plan."""

    def __init__(self, spec: dict[str, Any], tensors: dict[str, np.ndarray], name: str) -> None:
        self.spec = spec
        self.tensors = tensors
        self.info: dict[str, Any] = spec["tensors"]
        height, width, channels = self.info[str(spec["input_tensor"])]["shape"][1:]
        self.graph = Graph(name, {"image": (channels, height, width)}, [], [], task=spec["task"])
        self.plan = Plan({})
        self.values: dict[int, str] = {spec["input_tensor"]: "image"}
        self.layer_inputs: dict[str, int] = {}
        self.averaged: set[int] = set()

    def scale(self, tensor: int) -> np.ndarray:
        entry = self.info[str(tensor)]["scale"]
        values = self.tensors[entry] if isinstance(entry, str) else entry
        return np.asarray(values, np.float64)

    def zero(self, tensor: int) -> int:
        return int(self.info[str(tensor)]["zero_point"])

    def params(self, tensor: int) -> QParams:
        true = self.scale(tensor)
        return QParams(
            8,
            self.info[str(tensor)]["dtype"] == "int8",
            np.array(1.0),
            self.zero(tensor),
            container=8,
            true_scale=true[0] if true.size == 1 else true,
        )

    def emit(
        self,
        node_id: str,
        op: str,
        inputs: list[str],
        attrs: dict[str, Any] | None = None,
        params: dict[str, np.ndarray] | None = None,
    ) -> str:
        self.graph.nodes.append(Node(node_id, op, inputs, attrs or {}, params or {}))
        return node_id

    def requant(
        self, node_id: str, value: str, tensor: int, act: int, multiplier: np.ndarray | None, rounding: str = "half_up"
    ) -> None:
        """Codes of `tensor`, clipped by the fused activation as well."""
        zero, signed = self.zero(tensor), self.info[str(tensor)]["dtype"] == "int8"
        low, high = (-128, 127) if signed else (0, 255)
        if act in (RELU, RELU6):
            low = max(low, zero)
        if act == RELU6:
            high = min(high, zero + int(np.floor(6.0 / self.scale(tensor)[0] + 0.5)))
        params = {} if multiplier is None else {"multiplier": multiplier}
        self.values[tensor] = self.emit(
            node_id,
            "requant",
            [value],
            {"zero": zero, "low": low, "high": high, "rounding": rounding, "float32": True},
            params,
        )

    def array(self, op: dict[str, Any], index: int) -> None:
        x, w, b = op["inputs"]
        codes = self.tensors[f"t{w}"].astype(np.float64) - self.zero(w)
        params = {"bias": self.tensors[f"t{b}"].astype(np.float64)}
        name = f"conv{index}" if "CONV" in op["op"] else f"fc{index}"
        if op["op"] == "FULLY_CONNECTED":
            params["weight"] = codes
            self.emit(name, "linear", [self.values[x]], {}, params)
        else:
            depthwise = op["op"].startswith("DEPTHWISE")
            params["weight"] = np.ascontiguousarray(
                codes.transpose(3, 0, 1, 2) if depthwise else codes.transpose(0, 3, 1, 2)
            )
            kernel = list(params["weight"].shape[2:])
            size = self.info[str(x)]["shape"][1:3]
            pads = same_pads(size, kernel, op["stride"]) if op["padding"] == "SAME" else [0] * 4
            groups = params["weight"].shape[0] if depthwise else 1
            self.emit(
                name,
                "conv2d",
                [self.values[x]],
                {"stride": op["stride"], "pads": pads, "dilation": [1, 1], "groups": groups},
                params,
            )
        self.plan.layers[name] = LayerQuant(self.params(x), self.params(w))
        self.layer_inputs[name] = x
        multiplier = self.scale(x) * self.scale(w) / self.scale(op["output"])
        self.requant(f"{name}.requant", name, op["output"], op["act"], multiplier)

    def add(self, op: dict[str, Any], index: int) -> None:
        a, b = op["inputs"]
        out = self.scale(op["output"])[0]
        factors = [self.scale(a)[0] / out, self.scale(b)[0] / out]
        value = self.emit(f"add{index}", "qadd", [self.values[a], self.values[b]], {"factors": factors})
        self.requant(f"add{index}.requant", value, op["output"], op["act"], None)

    def run(self) -> None:
        for index, op in enumerate(self.spec["ops"]):
            kind = op["op"]
            if kind in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"):
                self.array(op, index)
            elif kind == "ADD":
                self.add(op, index)
            elif kind == "AVERAGE_POOL_2D":
                value = self.emit(
                    f"pool{index}",
                    "avgpool",
                    [self.values[op["inputs"][0]]],
                    {"kernel": op["kernel"], "stride": op["stride"]},
                )
                self.requant(f"pool{index}.round", value, op["output"], 0, None, "half_away")
                self.averaged.add(op["output"])
            elif kind == "RESHAPE":
                before = op["inputs"][0]
                self.values[op["output"]] = self.emit(
                    f"reshape{index}", "reshape", [self.values[before]], {"shape": [-1]}
                )
                self.averaged |= {op["output"]} if before in self.averaged else set()
            elif kind == "SOFTMAX":
                self.values[op["output"]] = self.values[op["inputs"][0]]
                self.graph.outputs = [self.values[op["output"]]]
            else:
                raise ValueError(f"operator {kind}")
        check_graph(self.graph)


def _nchw(codes: np.ndarray, zero: int) -> np.ndarray:
    return np.ascontiguousarray(codes.transpose(0, 3, 1, 2).astype(np.float64) - zero)


def _golden(loader: _Loader, golden: dict[str, np.ndarray], images: np.ndarray) -> list[Golden]:
    """Codes of every layer's input, and the network's answer, against the reference emulation."""
    count = max(len(v) for k, v in golden.items() if k.startswith("act."))
    record: dict[str, LayerRun] = {}
    run(loader.graph, {"image": images[:count]}, IntegerArrays(loader.plan, record))
    checks = []
    for name, tensor in loader.layer_inputs.items():
        if f"act.t{tensor}" in golden:
            expected = golden[f"act.t{tensor}"]
            expected = expected.transpose(0, 3, 1, 2) if expected.ndim == 4 else expected
            # the reference averages in floating point, where a tie falls either way
            tolerance = 1.0 if tensor in loader.averaged else 0.0
            checks.append(compare(f"input of {name}", record[name].act.numpy(), expected, tolerance))
    scores = output(loader.graph, {"image": images}, IntegerArrays(loader.plan))
    checks.append(compare("top-1 answers", scores.argmax(1), golden["output"].argmax(1)))
    return checks


def _load(folder: Path, stem: str, name: str) -> tuple[_Loader, dict[str, np.ndarray]]:
    loader = _Loader(load_json(folder / f"{stem}.json"), load_npz(folder / f"{stem}_tensors.npz"), name)
    loader.run()
    return loader, load_npz(folder / f"{stem}_golden.npz")


def _workload(
    loader: _Loader,
    golden: dict[str, np.ndarray],
    images: np.ndarray,
    held_out: Labelled,
    split: str,
    model: Path,
    samples: int,
) -> Workload:
    return Workload(
        loader.graph,
        "top1",
        [{"image": held_out.feeds["image"][k : k + 1]} for k in range(samples)],
        {"source_model": source(model, "tflite"), "method": {"scheme": "as quantised upstream"}, "rounding": "half_up"},
        lambda: _golden(loader, golden, images),
        plan=loader.plan,
        held_out=held_out,
        split=split,
    )


def resnet8(root: Path) -> Workload:
    folder = root / "mlperftiny-resnet8"
    loader, golden = _load(folder, "resnet8_int8", "mlperftiny-resnet8")
    test = load_npz(root / "cifar10-lossless500" / "cifar10_test_0000_0499.npz")
    zero = loader.zero(loader.spec["input_tensor"])
    # the network takes pixels less 128 as codes with zero point -128: centred, they are pixels
    held_out = Labelled({"image": _nchw(test["x"], 0)}, test["y"].astype(np.int64))
    return _workload(
        loader,
        golden,
        _nchw(golden["input"], zero),
        held_out,
        "CIFAR-10 test images 0-499",
        folder / "pretrainedResnet_quant.tflite",
        2,
    )


def mobilenet(root: Path) -> Workload:
    folder = root / "imagenet-mobilenetv1-025"
    stem = "mobilenet_v1_0.25_128_quant"
    loader, golden = _load(folder, stem, "mobilenetv1-0.25-128")
    images = _nchw(golden["input"], loader.zero(loader.spec["input_tensor"]))
    held_out = Labelled({"image": images}, golden["labels"] + 1)  # class 0 is background
    return _workload(
        loader, golden, images, held_out, "the 10 ImageNet images of the golden file", folder / f"{stem}.tflite", 1
    )
