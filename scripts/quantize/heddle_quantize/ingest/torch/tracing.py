# SPDX-License-Identifier: Apache-2.0
"""A torch module traced by torch.fx."""
from __future__ import annotations

import dis
import inspect
import operator
from collections.abc import Iterator
from typing import Any

import torch
import torch.fx
from torch import nn


def _unpack(proxy: torch.fx.Proxy) -> Iterator[Any]:
    """Iterates over a proxy; the caller's bytecode says how many values it unpacks."""
    frame = inspect.currentframe()
    caller = None if frame is None else frame.f_back
    if caller is not None:
        for step in dis.get_instructions(caller.f_code):
            if step.offset == caller.f_lasti and step.opname == "UNPACK_SEQUENCE":
                return iter([operator.getitem(proxy, i) for i in range(step.argval)])
    found: Iterator[Any] = proxy.tracer.iter(proxy)
    return found


def trace(module: nn.Module) -> torch.fx.GraphModule:
    """torch.fx.symbolic_trace that understands `b, n, c = x.shape` under Python 3.11.

    torch 1.13 looks bytecode up by position, which the caches of Python 3.11 broke.
    """
    original = torch.fx.Proxy.__iter__
    torch.fx.Proxy.__iter__ = _unpack
    try:
        return torch.fx.symbolic_trace(module)
    finally:
        torch.fx.Proxy.__iter__ = original
