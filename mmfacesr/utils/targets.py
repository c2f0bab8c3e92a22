# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Names of results on a command line, judged before the work is done."""

import argparse
import os
from collections.abc import Callable
from pathlib import Path

from .text import printable


def output_file(
    *suffixes: str, kind: Callable = str
) -> Callable[[str], str | Path]:
    """Make the ``type`` of an argument that names a file to write.

    Args:
        *suffixes (str): Endings that set the format, such as '.png'; without
            any the name may end as it likes.
        kind (Callable): What the argument becomes. Defaults to str.

    Returns:
        Callable[[str], str | Path]: Raises ``argparse.ArgumentTypeError``,
        which ends the program at once, if there is a folder of that name, the
        ending is another one or the file's folder cannot be written.
    """

    def judge(text: str) -> str | Path:
        shown, path = printable(text), Path(text)
        if not path.name or text.endswith(os.sep) or path.is_dir():
            raise argparse.ArgumentTypeError(
                f'expected a file to write, got the folder {shown!r}'
            )
        if suffixes and path.suffix.lower() not in suffixes:
            raise argparse.ArgumentTypeError(
                f'expected a name that ends in {" or ".join(suffixes)}, got '
                f'{shown!r}'
            )
        _require_writable(path.parent)
        return kind(text)

    return judge


def output_folder(text: str, kind: Callable = str) -> str | Path:
    """Judge the name of a folder for results; the ``type`` of an argument.

    Args:
        text (str): The name. The folder need not be there yet.
        kind (Callable): What the argument becomes. Defaults to str.

    Raises:
        argparse.ArgumentTypeError: If it is a file, or cannot be written.
    """
    _require_writable(Path(text))
    return kind(text)


def _require_writable(folder: Path) -> None:
    """Look whether files can be made in a folder that may be missing."""
    there = folder
    while not os.path.lexists(there):
        there = there.parent
    if not there.is_dir():
        raise argparse.ArgumentTypeError(
            f'expected a folder to write to, got {printable(there)!r}, which '
            'is none'
        )
    if not os.access(there, os.W_OK | os.X_OK):
        raise argparse.ArgumentTypeError(
            f'expected a folder that you may write to, got '
            f'{printable(there)!r}; name another one'
        )
