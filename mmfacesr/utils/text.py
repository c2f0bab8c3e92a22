# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Names of others, shown to a person."""

import os
from collections.abc import Iterable, Set

MAX_SHOWN = 3  # names of a long list


def printable(name: str | os.PathLike) -> str:
    r"""Show a name on one line, whatever it holds.

    Control characters (a terminal would obey them), line ends, and bytes of a
    file name that are no UTF-8 are shown as escapes, such as ``\n`` and
    ``\xff``.

    Args:
        name (str | os.PathLike): Of a file, or a key of a checkpoint.

    Returns:
        str: For messages and lists of faults; it does not lead back to the
        file.
    """
    return ''.join(map(_character, os.fspath(name)))


def first_few(names: Iterable[str | os.PathLike]) -> str:
    """List the first of some names, for a message.

    Args:
        names (Iterable[str | os.PathLike]): In the order in which they are
            shown; those of a set are sorted.

    Returns:
        str: Such as ``a, b, c, ...``.
    """
    names = sorted(names) if isinstance(names, Set) else list(names)
    more = ', ...' if len(names) > MAX_SHOWN else ''
    return ', '.join(map(printable, names[:MAX_SHOWN])) + more


def _character(character: str) -> str:
    """One character, or its escape."""
    if character.isprintable():
        return character
    if '\udc80' <= character <= '\udcff':  # a byte, as os.fsdecode keeps it
        return f'\\x{ord(character) - 0xDC00:02x}'
    return character.encode('unicode_escape').decode('ascii')
