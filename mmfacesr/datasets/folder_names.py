# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What the names of lists and folders say of the images in them."""

import os
import re
from collections.abc import Iterable
from pathlib import Path

from mmfacesr.utils import printable

SPLIT_WORDS = dict(
    train='train',
    training='train',
    val='val',
    valid='val',
    validation='val',
    test='test',
    testing='test',
)
"""Names of lists and folders, in any case -> the split they hold."""
LOW_RESOLUTION = re.compile(r'(lr|lq)(x?\d+|\d+x)?|low_?res(olution)?')
"""What says in the name of a folder that its images are no ground truth."""


def split_lists(root: Path) -> dict[str, str]:
    """Lists of file names that a folder has: split -> name of the list.

    Raises:
        ValueError: If two lists are of one split.
    """
    stems = {
        entry.name: os.path.splitext(entry.name)[0]
        for entry in os.scandir(root)
        if entry.name.casefold().endswith('.txt') and entry.is_file()
    }
    return _one_for_each_split(root, stems)


def split_folders(root: Path) -> dict[str, str]:
    """Sub-folders that hold one split: split -> name of the folder.

    Raises:
        ValueError: If two folders are of one split.
    """
    names = {e.name: e.name for e in os.scandir(root) if e.is_dir()}
    return _one_for_each_split(root, names)


def _one_for_each_split(root: Path, words: dict[str, str]) -> dict[str, str]:
    """Entries by split, out of entry -> the word that may name a split."""
    found: dict[str, str] = {}
    for entry, word in sorted(words.items()):
        split = SPLIT_WORDS.get(word.casefold())
        if split is None:
            continue
        if split in found:
            raise ValueError(
                f'Expected one list or folder of the split {split!r} in '
                f'{printable(root)}, got {found[split]} and {entry}; '
                'merge them, or rename the one that is not meant.'
            )
        found[split] = entry
    return found


def refuse_nested_splits(root: Path, names: Iterable[str]) -> None:
    """Refuse to merge what folders such as `a/train` and `test_256` divide.

    Raises:
        ValueError: If folders are named for several splits.
    """
    found: dict[str, str] = {}
    for folder in _folders(names):
        for word in _words(os.path.basename(folder)):
            if word in SPLIT_WORDS:
                found.setdefault(SPLIT_WORDS[word], folder)
    if len(found) > 1:
        listed = ', '.join(f'{printable(name)}/' for name in found.values())
        raise ValueError(
            f'Expected folders train/, val/ and test/ in {printable(root)}, '
            f'or none whose name says a split, got {listed}, which would be '
            'merged. Set data_root to the folder above them, rename them, or '
            'write train.txt, val.txt and test.txt.'
        )


def refuse_low_resolution(root: Path, names: Iterable[str]) -> None:
    """Refuse to take LR images for ground truth.

    Raises:
        ValueError: If a folder of an image says so; names the remedies.
    """
    for folder in _folders(names):
        name = os.path.basename(folder).lower()
        if any(map(LOW_RESOLUTION.fullmatch, [name, *_words(name)])):
            raise ValueError(
                f'Expected ground truth alone in {printable(root)}, got '
                f'{printable(folder)}/, whose name says low resolution. Set '
                'data_root to the folder of the ground truth; the config then '
                'makes the LR images, or takes yours with '
                f'lr_folder={printable(root / folder)}.'
            )


def _folders(names: Iterable[str]) -> list[str]:
    """All folders of some names, those in between too, sorted."""
    folders = {os.path.dirname(name) for name in names}
    above = {
        folder[:end]
        for folder in folders
        for end in range(1, len(folder))
        if folder[end] == '/'
    }
    return sorted((folders | above) - {''})


def _words(folder: str) -> list[str]:
    """Parts of a folder's name: `DIV2K_train_HR` has three."""
    return re.split(r'[^a-z0-9]+', folder.casefold())
