# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Files, words and numbers: what every part of the package may use."""

from .files import replacing, write_atomic
from .finite import finite_mean, for_json, identical_images
from .text import printable

__all__ = [
    'finite_mean',
    'for_json',
    'identical_images',
    'printable',
    'replacing',
    'write_atomic',
]
