# SPDX-License-Identifier: Apache-2.0
"""Options: the program under test and which network of the workloads folder."""
import json
import os
import pathlib
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
CASES = json.loads((HERE / "cases.json").read_text())

from program import REPRESENTATIVES, configurations  # noqa: E402


def pytest_addoption(parser):
    root = HERE.parent.parent
    parser.addoption("--program", default=str(root / "build" / "release" / "heddle"), help="the heddle to test")
    parser.addoption("--network", default=None, help="one network of cases.json; all without it")
    parser.addoption("--every-configuration", action="store_true", help="bit-true samples on all of them")


def pytest_generate_tests(metafunc):
    if "network" in metafunc.fixturenames:
        one = metafunc.config.getoption("--network")
        metafunc.parametrize("network", [one] if one else sorted(CASES), scope="module")
    if "configuration" in metafunc.fixturenames:
        every = metafunc.config.getoption("--every-configuration")
        metafunc.parametrize("configuration", configurations() if every else REPRESENTATIVES)


@pytest.fixture(scope="module")
def folder():
    value = os.environ.get("HEDDLE_WORKLOADS")
    if not value:
        pytest.skip("HEDDLE_WORKLOADS is not set: the trained networks are not here")
    return pathlib.Path(value)
