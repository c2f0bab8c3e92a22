# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Face super-resolution toolbox on MMagic and mmengine."""

from mmfacesr.compat.config_bases import mend_config_bases
from mmfacesr.version import __version__

__all__ = ['__version__']

mend_config_bases()  # plain `Config.fromfile` comes before any other import
