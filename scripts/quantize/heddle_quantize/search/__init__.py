# SPDX-License-Identifier: Apache-2.0
"""The narrowest precisions that keep a network's accuracy."""
