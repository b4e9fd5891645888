# SPDX-License-Identifier: Apache-2.0
"""Quantization options and precisions, as the command line states them."""
from __future__ import annotations

import argparse

import torch

from heddle_quantize.base.errors import BadInput
from heddle_quantize.graph.graph import Graph
from heddle_quantize.quantize.plan import Profile, uniform_profile
from heddle_quantize.quantize.tensor_params import Options
from heddle_quantize.search import profile_file


def options_of(args: argparse.Namespace) -> Options:
    torch.set_num_threads(args.threads)
    if args.scheme == "fixed" and (args.per_channel or args.observer != "minmax"):
        raise BadInput(
            "command line", "--per-channel or --observer with --scheme fixed", "--scheme symmetric or asymmetric"
        )
    return Options(args.scheme, args.container, args.observer, args.percentile, args.per_channel)


def bits_of(text: str, graph: Graph, container: int) -> Profile:
    try:
        a_bits, w_bits = (int(n) for n in text.split(","))
    except ValueError:
        a_bits = w_bits = 0
    if not (1 <= a_bits <= container and 2 <= w_bits <= container):
        raise BadInput(
            f"--bits {text}", "no such widths", f"activation 1..{container} and weight 2..{container} bits, e.g. 8,8"
        )
    return uniform_profile(graph, a_bits, w_bits)


def choose(args: argparse.Namespace, graph: Graph) -> Profile:
    """--profile, --bits, or the container's width."""
    if args.profile is not None and args.bits is not None:
        raise BadInput("command line", "--profile and --bits", "one of them")
    if args.profile is not None:
        return profile_file.load(args.profile, graph)
    text = args.bits or f"{args.container},{args.container}"
    return bits_of(text, graph, args.container)
