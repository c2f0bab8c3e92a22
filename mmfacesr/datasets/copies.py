# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Images of equal content."""

import hashlib
import os
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from mmfacesr.utils import printable
from mmfacesr.utils.images import UnreadableImageError, read_image_bytes


def find_copies(root: Path, names: Iterable[str]) -> dict[str, str]:
    """Find files of equal content.

    Only files of equal size are read.

    Args:
        root (Path): The folder.
        names (Iterable[str]): Its files.

    Returns:
        dict[str, str]: Every repetition -> the first name of that content in
        sorted order. Files that cannot be read are in no pair.
    """
    sizes: dict[int, list[str]] = defaultdict(list)
    for name in sorted(names):
        try:
            sizes[os.stat(root / name).st_size].append(name)
        except OSError:
            continue
    firsts: dict[bytes, str] = {}
    repeats = {}
    for alike in sizes.values():
        for name in alike if len(alike) > 1 else ():
            first = firsts.setdefault(_digest(root / name), name)
            if first != name:
                repeats[name] = first
    return repeats


def _digest(path: Path) -> bytes:
    """SHA-256 of a file; a value of its own for one that is not read."""
    try:
        return hashlib.sha256(read_image_bytes(path)).digest()
    except UnreadableImageError:
        return os.fsencode(path)


def copies_across_splits(
    root: Path, splits: dict[str, list[str]]
) -> list[str]:
    """Describe the images whose content is in an earlier split too.

    Returns:
        list[str]: Such as ``b.png in test equals a.png in train``.
    """
    split_of = {
        name: split for split, names in splits.items() for name in names
    }
    return [
        f'{printable(name)} in {split_of[name]} equals {printable(first)} in '
        f'{split_of[first]}'
        for name, first in find_copies(root, split_of).items()
        if split_of[name] != split_of[first]
    ]
