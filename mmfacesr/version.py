# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Version of mmfacesr."""

__version__ = '0.1.0'
