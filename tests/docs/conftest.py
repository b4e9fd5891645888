# SPDX-License-Identifier: Apache-2.0
"""The program that the tests of the documents ask for its declarations."""
import pathlib

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


def pytest_addoption(parser):
    parser.addoption("--program", default=str(ROOT / "build" / "release" / "heddle"), help="the heddle to ask")


@pytest.fixture(scope="session")
def program(request):
    return str(pathlib.Path(request.config.getoption("--program")).resolve())
