# SPDX-License-Identifier: Apache-2.0
"""A torch module into the graph, checked against the module itself."""
from __future__ import annotations

import numpy as np
import torch.fx
from torch import nn

from heddle_quantize.base.errors import BadInput
from heddle_quantize.graph.executor import output
from heddle_quantize.graph.graph import Graph
from heddle_quantize.ingest.torch.functions import FUNCTIONS, METHODS
from heddle_quantize.ingest.torch.graph_walk import GraphWalk, Handlers, first_feed
from heddle_quantize.ingest.torch.modules import MODULES

HANDLERS = Handlers(MODULES, FUNCTIONS, METHODS)


def ingest_module(module: nn.Module, name: str, input_shape: tuple[int, ...]) -> Graph:
    """`input_shape` leaves out the batch. The graph's output is compared with the module's on one input."""
    walk = GraphWalk(module, name, input_shape, HANDLERS)
    graph = walk.run()
    feed = first_feed(input_shape, walk.tokens)
    with torch.no_grad():
        given = torch.from_numpy(feed)
        expected = module(given.long() if walk.tokens else given).numpy()
    got = output(graph, {next(iter(graph.inputs)): feed})
    tolerance = 1e-3 * max(1.0, float(np.abs(expected).max()))
    if expected.shape != got.shape or np.abs(expected - got).max() > tolerance:
        raise BadInput(
            f"model '{name}'",
            "outputs of the ingested graph that differ from the module's",
            f"agreement within {tolerance:.2g}",
        )
    return graph
