# SPDX-License-Identifier: Apache-2.0
"""What a subcommand hands back to the command line."""
from __future__ import annotations

from typing import Any

Answer = tuple[int, dict[str, Any], str]
"""Exit code, the machine-readable report, the same for people."""
