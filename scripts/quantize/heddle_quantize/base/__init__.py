# SPDX-License-Identifier: Apache-2.0
"""What every other package uses: errors, progress on stderr, names a user may choose from."""
