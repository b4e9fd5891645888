# SPDX-License-Identifier: Apache-2.0
"""Float models in ONNX."""
