# SPDX-License-Identifier: Apache-2.0
"""From model files and torch modules to the graph."""
