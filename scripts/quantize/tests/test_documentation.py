# SPDX-License-Identifier: Apache-2.0
"""The commands that docs/quantization.md shows work, in the order of the page."""
from __future__ import annotations

import re
import subprocess
from pathlib import Path

from conftest import REPOSITORY


def test_the_commands_of_the_page(tmp_path: Path) -> None:
    for name in ("scripts", "traces"):
        (tmp_path / name).symlink_to(REPOSITORY / name)
    text = (REPOSITORY / "docs" / "quantization.md").read_text()
    blocks = re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 5
    for block in blocks:
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", block], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, block + done.stdout + done.stderr
    assert {path.name for path in (tmp_path / "out").glob("*.trace")} == {"net.trace", "net-8b.trace", "linear.trace"}
