# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Face super-resolution toolbox on MMagic and mmengine."""

from .version import __version__

__all__ = ['__version__']
