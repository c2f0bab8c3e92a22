# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Places of results, judged before the work is done."""

import argparse
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from mmfacesr.utils.text import printable


def require_writable(
    path: str | os.PathLike, remedy: str = 'name another one'
) -> None:
    """Refuse a place that a file cannot be written to.

    A file is made and removed there: permission bits say nothing of a
    read-only file system, nor to the superuser. Missing folders are not made;
    the nearest one above them is tried.

    Args:
        path (str | os.PathLike): The file to be.
        remedy (str): What to do instead, for the message. Defaults to
            'name another one'.

    Raises:
        OSError: If it is a folder, or its folder takes no file.
    """
    path = Path(path)
    if path.is_dir():
        raise IsADirectoryError(
            f'Expected a file to write, got the folder {printable(path)!r}; '
            f'{remedy}'
        )
    folder = path.parent
    while not os.path.lexists(folder):
        folder = folder.parent
    if not folder.is_dir():
        raise NotADirectoryError(
            f'Expected a folder to write to, got {printable(folder)!r}, which '
            f'is not a folder; {remedy}'
        )
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise OSError(
            error.errno,
            f'Expected a folder that you may write to, got '
            f'{printable(folder)!r} ({error.strerror}); {remedy}',
        ) from error


def require_inside(path: str | os.PathLike, folder: str | os.PathLike) -> None:
    """Refuse a place for a file that a link leads out of a folder to.

    A link of the file's own name is none: it is replaced, not followed.

    Args:
        path (str | os.PathLike): The file to be, named below ``folder``.
        folder (str | os.PathLike): The folder of the results; it may be a
            link itself.

    Raises:
        OSError: If the file would lie elsewhere.
    """
    real = Path(os.path.realpath(os.path.dirname(path)))
    if not real.is_relative_to(os.path.realpath(folder)):
        raise OSError(
            f'Expected a place in {printable(folder)}, got {printable(path)}, '
            'which a link leads out of it; remove the link, or choose another '
            'folder'
        )


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
        name, path = printable(text), Path(text)
        if not path.name or text.endswith(os.sep):
            raise argparse.ArgumentTypeError(
                f'Expected a file to write, got the folder {name!r}'
            )
        if suffixes and path.suffix.lower() not in suffixes:
            raise argparse.ArgumentTypeError(
                f'Expected a name that ends in {" or ".join(suffixes)}, got '
                f'{name!r}'
            )
        _judge(path)
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
    _judge(Path(text, 'file'))
    return kind(text)


def _judge(path: Path) -> None:
    """Tell argparse what is wrong with a place."""
    try:
        require_writable(path)
    except OSError as error:
        reason = error.args[-1]
        raise argparse.ArgumentTypeError(reason) from error
