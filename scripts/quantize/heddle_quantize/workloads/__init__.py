# SPDX-License-Identifier: Apache-2.0
"""The trained networks of the workloads folder ($HEDDLE_WORKLOADS)."""
