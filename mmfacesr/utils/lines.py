# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Text files that people edit by hand, line by line."""

import codecs
import os
from pathlib import Path

from mmfacesr.utils.text import printable


def read_lines(path: str | os.PathLike) -> list[str]:
    r"""Read the lines of a text, so that file names in it stay as they are.

    Only a line feed ends a line: a name may hold any other separator. A
    carriage return before it belongs to it (Windows), a byte order mark at
    the start is dropped, and bytes that are no UTF-8 become what
    ``os.fsdecode`` makes of them in a name.

    Args:
        path (str | os.PathLike): The file.

    Returns:
        list[str]: The lines, blank ones too, so that line ``i + 1`` of the
        file is entry ``i``.

    Raises:
        OSError: If it cannot be read.
        ValueError: If it holds zero bytes, as UTF-16 does.
    """
    data = Path(path).read_bytes()
    if b'\0' in data:
        raise ValueError(
            f'Expected text in UTF-8 in {printable(path)}, got zero bytes; if '
            'an editor saved it as UTF-16 ("Unicode"), save it as UTF-8.'
        )
    lines = os.fsdecode(data.removeprefix(codecs.BOM_UTF8)).split('\n')
    if not lines[-1]:  # what follows the last line feed is no line
        lines.pop()
    return [line.removesuffix('\r') for line in lines]
