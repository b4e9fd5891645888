# SPDX-License-Identifier: Apache-2.0
"""How numbers are written as integers: widths, ranges and uniform quantization."""
