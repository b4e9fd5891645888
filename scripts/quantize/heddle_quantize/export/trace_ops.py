# SPDX-License-Identifier: Apache-2.0
"""What the graph's operations are called in a trace, and which of them an array operation absorbs."""
from __future__ import annotations

TRACE_OPS = {
    "add": "add",
    "sub": "add",
    "mul": "mul",
    "div": "mul",
    "concat": "concat",
    "maxpool": "maxpool",
    "avgpool": "avgpool",
    "mean": "avgpool",
    "batchnorm": "norm",
    "layernorm": "norm",
    "rmsnorm": "norm",
    "lrn": "norm",
    "softmax": "softmax",
    "qadd": "add",
    "reshape": "reshape",
    "transpose": "transpose",
    "slice": "slice",
    "select": "slice",
    "max": "other",
    "rope": "other",
    "pad": "pad",
    "upsample": "upsample",
    "zero_stuff": "upsample",
    "repeat": "concat",
    "embedding": "embedding",
    **{
        name: "activation"
        for name in (
            "relu",
            "gelu",
            "silu",
            "sigmoid",
            "tanh",
            "erf",
            "clip",
            "leaky_relu",
            "hardswish",
            "hardsigmoid",
            "exp",
            "sqrt",
            "neg",
            "abs",
            "requant",
            "thresholds",
            "quant",
        )
    },
}
POST_OPS = ("relu", "gelu", "silu", "sigmoid", "tanh", "clip", "leaky_relu", "requant", "thresholds", "quant")
