# SPDX-License-Identifier: Apache-2.0
"""Arguments of all subcommands; imports nothing heavy: --help must not wait for torch."""
from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from heddle_quantize.base.choices import CHECKS, CONTENTS, CRITERIA, METRIC_NAMES, OBSERVERS, SCHEMES

LIMIT_HELP = "stop descending after N width vectors; what was found by then holds the target"
Add = Callable[..., argparse.ArgumentParser]


def register(add: Add) -> None:
    _register_model(add)
    _register_workload(add)
    _register_trace(add)


def _register_model(add: Add) -> None:
    inspect = add(
        "inspect",
        "list a model's operations, shapes and work",
        "  heddle-quantize inspect net.onnx\n"
        "  heddle-quantize inspect --model net.py:make --state w.npz "
        "--input-shape 3,32,32",
        "inspect_command:inspect",
    )
    _model(inspect)
    search = add(
        "profile",
        "search the narrowest per-layer precisions that keep the accuracy",
        "  heddle-quantize profile --onnx net.onnx --calib calib.npz --eval xy.npz \\\n"
        "      --target 0.99 --state-file search.log -o profile.json",
        "model_commands:search",
    )
    _model(search)
    _quantize(search, "per-filter")
    search.add_argument("--calib", type=Path, required=True, help=".npz with 'x', or .npy: value ranges")
    search.add_argument(
        "--eval", type=Path, required=True, help=".npz with 'x' and labels 'y'; the second half is held out"
    )
    search.add_argument("--target", type=float, default=0.99, help="relative accuracy to keep")
    search.add_argument("--state-file", type=Path, help="log of evaluations; resumes from it")
    search.add_argument("--max-evaluations", type=int, metavar="N", help=LIMIT_HELP)
    search.add_argument("-o", "--out", type=Path, required=True)
    write = add(
        "export",
        "quantize with given precisions and write a trace",
        "  heddle-quantize export --onnx net.onnx --calib calib.npz --bits 8,8 "
        "-o net.trace\n"
        "  heddle-quantize export --model net.py:make --state w.pt --input-shape 1,28,28 "
        "\\\n      --calib c.npz --profile p.json --eval xy.npz --samples 2 -o net.tar\n"
        "  heddle-quantize export --qonnx net.onnx --calib c.npz --eval xy.npz -o net.trace",
        "model_commands:write",
    )
    _model(write)
    write.add_argument(
        "--qonnx", type=Path, help="a QONNX file: exported as it is quantized (--onnx recognises it as well)"
    )
    _quantize(write, "per-filter")
    _export(write, True)
    write.add_argument(
        "--calib", type=Path, help=".npz with 'x', or .npy: ranges, samples; only --content shapes does without"
    )
    write.add_argument("--check", choices=CHECKS, help="compare the float graph of --onnx with ONNX Runtime's outputs")
    write.add_argument("--eval", type=Path, help=".npz with 'x', 'y': accuracy into the trace")


def _register_workload(add: Add) -> None:
    sub = add(
        "workload",
        "export a network of the workloads folder ($HEDDLE_WORKLOADS)",
        "  heddle-quantize workload list\n"
        "  heddle-quantize workload mnist-net5 -o net5.trace\n"
        "  heddle-quantize workload resnet20 --bits 8,8 -o resnet20.trace\n"
        "  heddle-quantize workload resnet20 --target 0.99 --save-profile p.json "
        "-o r20.trace",
        "workload_command:workload",
    )
    sub.add_argument("name", help="'list', or one of the names it prints")
    _quantize(sub, "fixed")
    _export(sub, False)
    sub.add_argument("--target", type=float, help="search precisions that keep this share")
    sub.add_argument("--state-file", type=Path, help="log of evaluations; resumes from it")
    sub.add_argument("--max-evaluations", type=int, metavar="N", help=LIMIT_HELP)
    sub.add_argument("--max-bits", type=int, default=None, help="where the search starts (default: the container)")
    sub.add_argument("--save-profile", type=Path, help="write the searched profile here")
    sub.add_argument("--no-golden", action="store_true", help="skip the comparison with goldens")


def _register_trace(add: Add) -> None:
    verify = add(
        "verify",
        "check a trace: schema, digests, ranges, integer re-execution",
        "  heddle-quantize verify traces/digits-16b.trace\n  heddle-quantize verify --limit 1000 --json big.trace",
        "trace_commands:verify",
    )
    verify.add_argument("trace", type=Path)
    verify.add_argument(
        "--limit", type=int, metavar="N", help="recompute at most N outputs per layer and sample (default: all stated)"
    )
    stats = add(
        "stats",
        "widths, zeros and terms of a trace, per layer",
        "  heddle-quantize stats traces/digits-16b.trace",
        "trace_commands:stats",
    )
    stats.add_argument("trace", type=Path)
    diff = add(
        "diff",
        "what differs between two traces; exit code 1 if anything does",
        "  heddle-quantize diff old.trace new.trace",
        "trace_commands:diff",
    )
    diff.add_argument("first", type=Path)
    diff.add_argument("second", type=Path)
    convert = add(
        "convert",
        "write a trace in a foreign format",
        "  heddle-quantize convert --to dnnsim digits-16b.trace out/",
        "trace_commands:convert",
    )
    convert.add_argument("--to", choices=["dnnsim"], required=True)
    convert.add_argument("trace", type=Path)
    convert.add_argument("out", type=Path)
    convert.add_argument("--force", action="store_true", help="overwrite the target's files")


def _model(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "file", nargs="?", metavar="FILE", help="an ONNX file (as --onnx), or FILE.py:FUNCTION (as --model)"
    )
    sub.add_argument("--model", metavar="FILE.py:FUNCTION", help="factory of a torch module")
    sub.add_argument("--state", type=Path, help="its weights, .npz or .pt (no code is unpickled)")
    sub.add_argument(
        "--input-shape",
        metavar="[NAME:]C,H,W",
        action="append",
        help="without the batch: needed by --model, and by --onnx where the file leaves an axis free; "
        "once for each input if there are several",
    )
    sub.add_argument("--onnx", type=Path, help="an ONNX file, float or QONNX")


def _quantize(sub: argparse.ArgumentParser, scheme: str) -> None:
    sub.add_argument(
        "--scheme",
        choices=SCHEMES,
        default=scheme,
        help="per-filter: powers of two for activations, a real scale for each filter's weights; fixed: powers of two "
        "throughout, as the papers' comparisons have; symmetric, asymmetric: real scales throughout",
    )
    sub.add_argument("--container", type=int, default=16, choices=(8, 16), help="bits a code is stored in")
    sub.add_argument("--observer", choices=OBSERVERS, default="minmax", help="how a range follows from samples")
    sub.add_argument("--percentile", type=float, default=99.99, help="of --observer percentile")
    sub.add_argument(
        "--per-channel",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="a weight scale per filter: the rule, but not with --scheme fixed",
    )
    sub.add_argument(
        "--metric", choices=METRIC_NAMES, default="top1", help="of a user's model; workloads know their own"
    )
    sub.add_argument(
        "--criterion",
        choices=CRITERIA,
        default="kept",
        help="of a search: accuracy (Judd et al.), or kept, which gives no credit for answers that rounding mends",
    )
    sub.add_argument("--threads", type=int, default=1, help="of torch")


def _export(sub: argparse.ArgumentParser, needs_out: bool) -> None:
    sub.add_argument("--profile", type=Path, help="precisions found by `profile`")
    sub.add_argument(
        "--bits",
        metavar="A,W",
        help="the same precisions in every layer: 8,4 or W4A8 (4-bit weights, 8-bit activations)",
    )
    sub.add_argument("--samples", type=int, default=1, help="samples in the trace")
    sub.add_argument(
        "--expect-limit",
        type=int,
        default=4096,
        metavar="N",
        help="accumulators stated per layer and sample; 0 for all",
    )
    sub.add_argument(
        "--content",
        choices=CONTENTS,
        default="values",
        help="weights: no samples; statistics: no tensors, but what they look like; shapes: neither",
    )
    sub.add_argument("--seed", type=int, default=0, help="which accumulators are stated")
    sub.add_argument("-o", "--out", type=Path, required=needs_out, help="NAME.trace (directory) or NAME.tar")
    sub.add_argument("--force", action="store_true", help="overwrite")
