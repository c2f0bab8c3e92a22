# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Files and words: what every part of the package may use."""

from .files import (
    naming_full_disk,
    read_regular,
    replacing,
    write_atomic,
)
from .lines import read_lines
from .setup_env import register_all_modules
from .targets import output_file, output_folder, require_writable
from .text import printable, shown

__all__ = [
    'naming_full_disk',
    'output_file',
    'output_folder',
    'printable',
    'read_lines',
    'read_regular',
    'register_all_modules',
    'replacing',
    'require_writable',
    'shown',
    'write_atomic',
]
