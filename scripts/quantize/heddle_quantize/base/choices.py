# SPDX-License-Identifier: Apache-2.0
"""Names a user may choose from, separate from the code they select, because --help must not load that."""
from __future__ import annotations

SCHEMES = ("per-filter", "fixed", "symmetric", "asymmetric")
OBSERVERS = ("minmax", "percentile", "mse")
CONTENTS = ("values", "weights", "statistics", "shapes")
CHECKS = ("onnxruntime",)
CRITERIA = ("accuracy", "kept")
METRIC_NAMES = ("log_likelihood", "psnr_db", "sequence_top1", "top1")
