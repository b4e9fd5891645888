# SPDX-License-Identifier: Apache-2.0
"""torch modules, traced by torch.fx."""
