# SPDX-License-Identifier: Apache-2.0
"""Every case of ONNX's operator tests is equal or refused by name, none fails in another way."""
from __future__ import annotations

import time
from collections import Counter

import pytest
from operator_cases import ROOT, cases, outcome

EQUAL, REFUSED = 788, 284
SECONDS = 60


@pytest.mark.skipif(not ROOT.is_dir(), reason="ONNX's operator tests are not installed (libonnx-testdata)")
def test_operators_are_equal_or_refused(capsys: pytest.CaptureFixture[str]) -> None:
    start = time.process_time()
    outcomes = [outcome(folder) for folder in cases()]
    count = Counter(o.verdict for o in outcomes)
    with capsys.disabled():
        print(f"\noperator tests: {count['equal']} equal, {count['refused']} refused by name")
    assert not [f"{o.name}: {o.why}" for o in outcomes if o.verdict == "different"]
    assert not [o.name for o in outcomes if o.verdict == "refused" and "found" not in o.why]
    assert (count["equal"], count["refused"]) == (EQUAL, REFUSED)
    assert time.process_time() - start < SECONDS
