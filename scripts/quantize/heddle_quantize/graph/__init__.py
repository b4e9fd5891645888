# SPDX-License-Identifier: Apache-2.0
"""The graph every model is turned into, what its operations compute, and how it is run."""
