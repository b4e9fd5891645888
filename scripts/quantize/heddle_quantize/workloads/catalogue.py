# SPDX-License-Identifier: Apache-2.0
"""Loaders of the trained networks in the workloads folder ($HEDDLE_WORKLOADS), by name."""
from __future__ import annotations

import importlib
import os
from pathlib import Path

from heddle_quantize.base.errors import BadInput, unknown_name
from heddle_quantize.workloads.workload import Workload

# name -> (module, loader, one line)
CATALOGUE: dict[str, tuple[str, str, str]] = {
    "mnist-extrasmall": ("mnist", "extrasmall", "int8 MNIST CNN, 2.5 k weights, as quantized"),
    "mnist-net5": ("mnist", "net5", "int8 MNIST CNN, 71 k weights, as quantized"),
    "resnet8": ("tflite", "resnet8", "MLPerf Tiny ResNet-8, int8 per channel, as quantized"),
    "mobilenet": ("tflite", "mobilenet", "MobileNetV1 0.25, uint8, as quantized"),
    "resnet20": ("cifar_resnet", "resnet20", "ResNet-20 for CIFAR-10, float"),
    "resnet56": ("cifar_resnet", "resnet56", "ResNet-56 for CIFAR-10, float"),
    "squeezenet": ("squeezenet", "squeezenet", "SqueezeNet 1.0, pruned, shared weights"),
    "alexnet-sparse": ("alexnet", "sparse", "pruned AlexNet convolutions, 59-95 % zeros"),
    "alexnet-sparse-ft": ("alexnet", "sparse_ft", "pruned AlexNet convolutions, 17-90 % zeros"),
    "cnv": ("cnv", "cnv_w2a2", "CNV, 2-bit weights and activations, as quantized"),
    "tfc-1w1a": ("tfc", "w1a1", "MLP for MNIST, QONNX, bipolar weights and activations"),
    "tfc-1w2a": ("tfc", "w1a2", "MLP for MNIST, QONNX, bipolar weights, 2-bit activations"),
    "tfc-2w2a": ("tfc", "w2a2", "MLP for MNIST, QONNX, 2-bit weights and activations"),
    "vit": ("vit", "vit", "ViT for CIFAR-10, from ONNX, float"),
    "gpt-sort": ("gpt_sort", "gpt_sort", "three-layer GPT that sorts six letters, float"),
    "llm-prefill": ("llama", "prefill", "stories260K: one pass over 64 tokens, float"),
    "llm-decode": ("llama", "decode", "stories260K: one token after 63 in the cache, float"),
}


def root() -> Path:
    """The workloads folder; an error that says how to name it."""
    value = os.environ.get("HEDDLE_WORKLOADS")
    if not value:
        raise BadInput("HEDDLE_WORKLOADS", "no value", "the path of the workloads folder")
    path = Path(value)
    if not path.is_dir():
        raise BadInput("HEDDLE_WORKLOADS", f"'{value}', not a directory", "the workloads folder")
    return path


def load(name: str) -> Workload:
    if name not in CATALOGUE:
        raise unknown_name("workload", "workload", name, CATALOGUE)
    module_name, function, _ = CATALOGUE[name]
    module = importlib.import_module(f"{__package__}.{module_name}")
    try:
        workload: Workload = getattr(module, function)(root())
    except FileNotFoundError as err:
        raise BadInput(f"workload '{name}'", f"no file {err.filename}", "the complete workloads folder") from err
    return workload
