# SPDX-License-Identifier: Apache-2.0
"""Quantization options and precisions, as the command line states them."""
from __future__ import annotations

import argparse
import re
from pathlib import Path

import torch

from heddle_quantize.base.errors import BadInput
from heddle_quantize.graph.graph import Graph
from heddle_quantize.quantize.plan import Profile, uniform_profile
from heddle_quantize.quantize.tensor_params import Options
from heddle_quantize.search import profile_file


def take_positional(args: argparse.Namespace) -> None:
    """FILE without an option is that of --onnx, or FILE.py:FUNCTION that of --model."""
    if args.file is None:
        return
    if args.model is not None or args.onnx is not None or getattr(args, "qonnx", None) is not None:
        raise BadInput("command line", f"'{args.file}' beside --model, --onnx or --qonnx", "one network")
    if ".py:" in args.file:
        args.model = args.file
    else:
        args.onnx = Path(args.file)
    args.file = None


def options_of(args: argparse.Namespace) -> Options:
    torch.set_num_threads(args.threads)
    if args.scheme == "fixed" and (args.per_channel or args.observer != "minmax"):
        raise BadInput(
            "command line", "--per-channel or --observer with --scheme fixed", "--scheme symmetric or asymmetric"
        )
    if args.scheme == "per-filter" and (args.per_channel is False or args.observer != "minmax"):
        raise BadInput(
            "command line",
            "--no-per-channel or --observer with --scheme per-filter",
            "--scheme symmetric or asymmetric",
        )
    per_channel = args.scheme != "fixed" if args.per_channel is None else args.per_channel
    return Options(args.scheme, args.container, args.observer, args.percentile, per_channel)


def _widths(text: str) -> tuple[int, int]:
    """Activation and weight bits of `8,4`, `W4A8` or `A8W4`; zeros if it is neither."""
    found = re.fullmatch(r"(?:A(?P<a>\d+)W(?P<w>\d+)|W(?P<v>\d+)A(?P<b>\d+)|(?P<c>\d+),(?P<x>\d+))", text.upper())
    if found is None:
        return 0, 0
    a, w, v, b, c, x = found.group("a", "w", "v", "b", "c", "x")
    return int(a or b or c), int(w or v or x)


def bits_of(text: str, graph: Graph, container: int) -> Profile:
    a_bits, w_bits = _widths(text)
    if not (1 <= a_bits <= container and 2 <= w_bits <= container):
        raise BadInput(
            f"--bits {text}",
            "no such widths",
            f"activation 1..{container} and weight 2..{container} bits, e.g. 8,8 or W8A8",
        )
    return uniform_profile(graph, a_bits, w_bits)


def choose(args: argparse.Namespace, graph: Graph) -> Profile:
    """--profile or --bits; `workload` takes the container's width where it is given neither."""
    if args.profile is not None and args.bits is not None:
        raise BadInput("command line", "--profile and --bits", "one of them")
    if args.profile is not None:
        return profile_file.load(args.profile, graph)
    if args.bits is None and args.command == "export":
        raise BadInput("command line", "neither --bits nor --profile", "precisions, e.g. --bits 8,8 or --bits W4A8")
    text = args.bits or f"{args.container},{args.container}"
    return bits_of(text, graph, args.container)
