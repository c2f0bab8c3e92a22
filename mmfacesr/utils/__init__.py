# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Files and words: what every part of the package may use."""

from .files import naming_full_disk, read_regular, replacing, write_atomic
from .text import printable

__all__ = [
    'naming_full_disk',
    'printable',
    'read_regular',
    'replacing',
    'write_atomic',
]
