# SPDX-License-Identifier: Apache-2.0
"""The quantization front end of Heddle: trained models in, traces out."""

__version__ = "0.1"
TOOL = f"heddle-quantize {__version__}"
