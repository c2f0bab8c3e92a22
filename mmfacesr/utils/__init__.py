# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Files and words: what every part of the package may use."""

from .files import replacing, require_writable, write_atomic
from .lines import read_lines
from .text import printable

__all__ = [
    'printable',
    'read_lines',
    'replacing',
    'require_writable',
    'write_atomic',
]
