# SPDX-License-Identifier: Apache-2.0
"""From a quantised graph and samples to a trace."""
