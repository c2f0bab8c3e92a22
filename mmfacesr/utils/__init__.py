# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Files, words and numbers: what every part of the package may use."""

from .files import (
    naming_full_disk,
    read_regular,
    replacing,
    require_writable,
    write_atomic,
)
from .finite import finite_mean, for_json, identical_images
from .lines import read_lines
from .setup_env import register_all_modules
from .targets import output_file, output_folder
from .text import printable

__all__ = [
    'finite_mean',
    'for_json',
    'identical_images',
    'naming_full_disk',
    'output_file',
    'output_folder',
    'printable',
    'read_lines',
    'read_regular',
    'register_all_modules',
    'replacing',
    'require_writable',
    'write_atomic',
]
