# SPDX-License-Identifier: Apache-2.0
"""Every case of ONNX's operator tests is equal or refused by name, none fails in another way."""
from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import onnx
import pytest
from heddle_quantize.base.errors import BadInput
from heddle_quantize.ingest.onnx.ingest_onnx import ingest_model
from operator_cases import ROOT, Outcome, cases, network_outcome, outcome

SECONDS = 60
pytestmark = pytest.mark.skipif(not ROOT.is_dir(), reason="ONNX's operator tests are not installed (libonnx-testdata)")


@pytest.mark.parametrize(
    "way, held, equal, refused",
    [("operators", outcome, 790, 282), ("operators as networks", network_outcome, 641, 431)],
)
def test_operators_are_equal_or_refused(
    way: str, held: Callable[[Path], Outcome], equal: int, refused: int, capsys: pytest.CaptureFixture[str]
) -> None:
    start = time.process_time()
    outcomes = [held(folder) for folder in cases()]
    count = Counter(o.verdict for o in outcomes)
    with capsys.disabled():
        print(f"\n{way}: {count['equal']} equal, {count['refused']} refused by name")
    assert not [f"{o.name}: {o.why}" for o in outcomes if o.verdict == "different"]
    assert not [o.name for o in outcomes if o.verdict == "refused" and "found" not in o.why]
    assert (count["equal"], count["refused"]) == (equal, refused)
    assert time.process_time() - start < SECONDS


def mutated(model: onnx.ModelProto, rng: random.Random) -> None:
    """Changes an attribute, an input, a constant or a shape of the model."""
    node = rng.choice(model.graph.node)
    kind = rng.randrange(6)
    if kind == 0 and node.attribute:
        attribute = rng.choice(node.attribute)
        attribute.i, attribute.f = rng.choice([-9, -1, 0, 1, 3, 1 << 40]), rng.choice([-1.0, 0.0, 1e30])
        if attribute.ints:
            attribute.ints[rng.randrange(len(attribute.ints))] = rng.choice([-7, -1, 0, 1, 2, 5, 99])
        attribute.s = rng.choice([b"", b"SAME_UPPER", b"reflect", b"\xff"])
    elif kind == 1 and node.input:
        del node.input[rng.randrange(len(node.input))]
    elif kind == 2 and node.input:
        names = [v.name for v in model.graph.input] + [""]
        node.input[rng.randrange(len(node.input))] = rng.choice(names)
    elif kind == 3 and model.graph.input:
        dims = rng.choice(model.graph.input).type.tensor_type.shape.dim
        if dims:
            rng.choice(dims).dim_value = rng.choice([0, 1, 2, 3, 7])
    elif kind == 4 and node.attribute:
        del node.attribute[rng.randrange(len(node.attribute))]
    elif model.graph.input:
        rng.choice(model.graph.input).type.tensor_type.elem_type = rng.choice([1, 6, 7, 9, 10, 11])


def test_changed_cases_are_taken_in_or_refused() -> None:
    """Nothing but a refusal may come of a broken node, whatever is broken."""
    rng = random.Random(5)
    for folder in list(cases())[::3]:
        model = onnx.load(str(folder / "model.onnx"))
        for _ in range(2):
            changed = onnx.ModelProto()
            changed.CopyFrom(model)
            for _ in range(rng.randint(1, 2)):
                mutated(changed, rng)
            try:
                ingest_model(changed, folder / "model.onnx")
            except BadInput:
                pass
