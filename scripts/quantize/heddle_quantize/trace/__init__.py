# SPDX-License-Identifier: Apache-2.0
"""Traces (traces/FORMAT.md) alone: no torch, no graph, so that checks are independent of the exporter."""
