# SPDX-License-Identifier: Apache-2.0
"""From a quantized graph and samples to a trace."""
