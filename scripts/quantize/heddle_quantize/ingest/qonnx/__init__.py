# SPDX-License-Identifier: Apache-2.0
"""QONNX models, which state their own quantization."""
