# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Which files of a folder are images."""

import logging
import os
from collections.abc import Iterable
from pathlib import Path

from mmengine.logging import print_log

from mmfacesr.utils.image_formats import IMAGE_SUFFIXES, UNREAD, suffix_of
from mmfacesr.utils.text import printable


def list_images(folder: str | os.PathLike, unread: bool = False) -> list[str]:
    """Name all images below a folder.

    Known by suffix in any case (``IMAGE_SUFFIXES``). Linked folders are
    followed, hidden files and folders (``.name``) are left out. What else is
    left out is said in the log.

    Args:
        folder (str | os.PathLike): The folder to walk through.
        unread (bool): Name also images of formats that :func:`read_image`
            refuses, for a caller that lists them. Defaults to False.

    Returns:
        list[str]: Names relative to ``folder`` with forward slashes, sorted.

    Raises:
        FileNotFoundError: If the folder is missing or holds no image.
        NotADirectoryError: If it is a file.
    """
    names, left_out = find_images(folder)
    if not unread:
        left_out |= {
            name: UNREAD[suffix_of(name)]
            for name in names
            if suffix_of(name) in UNREAD
        }
        names = [name for name in names if name not in left_out]
    if left_out:
        name, reason = next(iter(left_out.items()))
        print_log(
            f'{len(left_out)} of {printable(folder)} are left out because '
            f'they cannot be read, such as {printable(name)} ({reason}).',
            'current',
            logging.WARNING,
        )
    if not names:
        raise _no_images(folder)
    return names


def find_images(
    folder: str | os.PathLike,
    inside: bool = False,
    without: str | os.PathLike | None = None,
) -> tuple[list[str], dict[str, str]]:
    """Name all images below a folder, and what keeps others from being named.

    Args:
        folder (str | os.PathLike): As of :func:`list_images`.
        inside (bool): Leave out links that lead out of the folder. Defaults
            to False: datasets may be linked together.
        without (str | os.PathLike, optional): A folder that is not entered.

    Returns:
        tuple[list[str], dict[str, str]]: Sorted names of the images, of any
        format, and names of links and folders left out with the reason.

    Raises:
        FileNotFoundError: If the folder is missing or holds nothing of these.
        NotADirectoryError: If it is a file.
    """
    folder = Path(folder)
    if not folder.exists():
        raise FileNotFoundError(
            f'Expected a folder of images, got {printable(folder)}, which '
            'does not exist; check the path.'
        )
    if not folder.is_dir():
        raise NotADirectoryError(
            f'Expected a folder of images, got the file {printable(folder)}; '
            'give the folder that holds it.'
        )
    left_out: dict[str, str] = {}
    visited = set() if without is None else {os.path.realpath(without)}
    names = sorted(_walk(folder, visited, inside, left_out))
    if not names and not left_out:
        raise _no_images(folder)
    return names, left_out


def _no_images(folder: str | os.PathLike) -> FileNotFoundError:
    """The error of a folder without images."""
    return FileNotFoundError(
        f'Expected images ({" ".join(sorted(IMAGE_SUFFIXES))}) in or '
        f'below {printable(folder)}, found none; check the path.'
    )


def _walk(
    folder: Path, visited: set[str], inside: bool, left_out: dict[str, str]
) -> list[str]:
    """Collect the image names below a folder, unsorted.

    Args:
        folder (Path): The folder.
        visited (set[str]): Real paths of folders, none of which is entered
            again: a link back to a folder above would go round for ever.
        inside (bool): As of :func:`find_images`.
        left_out (dict[str, str]): Receives the reason of what is left out.
    """

    def note(error: OSError) -> None:
        name = os.path.relpath(error.filename, folder)
        if name == os.curdir:
            raise error
        left_out[name] = f'cannot be read ({error.strerror})'

    root = os.path.realpath(folder)
    names = []
    for here, folders, files in os.walk(
        folder, onerror=note, followlinks=True
    ):
        real = os.path.realpath(here)
        if real in visited:
            folders[:] = []
            continue
        visited.add(real)
        inner = _not_hidden(folders)
        images = _not_hidden(filter(_is_image, files))
        prefix = Path(here).relative_to(folder).as_posix()
        prefix = '' if prefix == '.' else f'{prefix}/'
        out = {
            name
            for name in inner + images
            if inside and _links_outside(os.path.join(here, name), root)
        }
        left_out |= {
            prefix + name: 'is a link out of the folder' for name in out
        }
        folders[:] = [name for name in inner if name not in out]
        names += [prefix + name for name in images if name not in out]
    return names


def _not_hidden(names: Iterable[str]) -> list[str]:
    """Names that are not hidden, in one order on every file system."""
    return sorted(name for name in names if not name.startswith('.'))


def _is_image(name: str) -> bool:
    """Whether a name is that of an image, of a format that is read or not."""
    return suffix_of(name) in IMAGE_SUFFIXES or suffix_of(name) in UNREAD


def _links_outside(path: str, root: str) -> bool:
    """Whether a path is a link to somewhere that is not below ``root``."""
    if not os.path.islink(path):
        return False
    return not Path(os.path.realpath(path)).is_relative_to(root)
