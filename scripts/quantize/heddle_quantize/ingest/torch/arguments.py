# SPDX-License-Identifier: Apache-2.0
"""Arguments of torch modules and functions as the graph's attributes."""
from __future__ import annotations

from typing import Any

import numpy as np
import torch.fx

Args = list[Any]


def as_pair(value: Any) -> list[int]:
    return [int(v) for v in value] if isinstance(value, (tuple, list)) else [int(value)] * 2


def as_pads(value: Any) -> list[int]:
    y, x = as_pair(value)
    return [y, x, y, x]


def as_array(value: torch.Tensor | None) -> np.ndarray | None:
    return None if value is None else value.detach().cpu().numpy().astype(np.float32)
