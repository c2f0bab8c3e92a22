# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Files and words: what every part of the package may use."""

from mmfacesr.utils.files import (
    naming_full_disk,
    read_regular,
    replacing,
    sha256_of,
    write_atomic,
)
from mmfacesr.utils.lines import read_lines
from mmfacesr.utils.setup_env import register_all_modules
from mmfacesr.utils.targets import output_file, output_folder, require_writable
from mmfacesr.utils.text import first_few, printable

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
    'first_few',
    'sha256_of',
    'write_atomic',
]
