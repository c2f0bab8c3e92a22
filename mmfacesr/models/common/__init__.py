# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What two methods share: layers, losses, restorers; it knows no method."""
