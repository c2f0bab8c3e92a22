# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Networks, heads and losses, free of MMagic; restorers, which need it."""

# Not the restorers: importing them imports all of MMagic.
from mmfacesr.models import heads, losses, networks

__all__ = ['heads', 'losses', 'networks']
