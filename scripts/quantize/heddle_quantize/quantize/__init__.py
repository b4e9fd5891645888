# SPDX-License-Identifier: Apache-2.0
"""From a float graph to integers: ranges, parameters, plans, and array operations on codes."""
