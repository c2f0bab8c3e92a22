# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Dividing the images of a folder into train, val and test."""

import hashlib
import os
from collections.abc import Callable, Iterable
from pathlib import Path

from mmfacesr.datasets.copies import find_copies
from mmfacesr.datasets.data_root import SPLITS
from mmfacesr.datasets.folder_names import refuse_nested_splits, split_folders
from mmfacesr.utils import first_few, printable

SPLIT_MODULUS = 10  # one group of ten for each of test and val
MIN_GROUPS = 3  # fewer are all for training


def divide_names(
    names: Iterable[str],
    group_of: Callable[[str], str] = str,
) -> dict[str, list[str]]:
    """Divide files into train, val and test by their names alone.

    SHA-1 of the group's name modulo 10: 0 is test, 1 is val, the rest is
    train. So a file keeps its split when others are added. Where a split stays
    empty though there are at least 3 groups, the largest split gives it its
    first group in the order of the digests. Fewer groups: all are train.

    Args:
        names (Iterable[str]): The file names.
        group_of (Callable[[str], str]): Gives the group of a name; a group
            is never divided. Defaults to each name being its own group.

    Returns:
        dict[str, list[str]]: Sorted names of 'train', 'val' and 'test'.
    """
    groups: dict[str, list[str]] = {}
    for name in sorted(names):
        groups.setdefault(group_of(name), []).append(name)
    digests = sorted(
        (int(hashlib.sha1(os.fsencode(group)).hexdigest(), 16), group)
        for group in groups
    )
    chosen: dict[str, list[str]] = {split: [] for split in SPLITS}
    enough = len(groups) >= MIN_GROUPS
    for digest, group in digests:
        remainder = digest % SPLIT_MODULUS if enough else None
        split = {0: 'test', 1: 'val'}.get(remainder, 'train')
        chosen[split].append(group)
    for split in SPLITS:
        if enough and not chosen[split]:
            largest = max(SPLITS, key=lambda other: len(chosen[other]))
            chosen[split].append(chosen[largest].pop(0))
    return {
        split: sorted(
            name for group in chosen[split] for name in groups[group]
        )
        for split in SPLITS
    }


def divide_by_name(
    root: Path,
    names: list[str],
    most_compared: int | None = None,
) -> tuple[dict[str, list[str]], int]:
    """Divide the images of a folder, equal content in one split.

    Args:
        root (Path): The folder.
        names (list[str]): Its images.
        most_compared (int | None): Content is compared if there are no more
            images. Defaults to None, always.

    Returns:
        tuple[dict[str, list[str]], int]: See :func:`divide_names`, and how
        many images repeat another one.

    Raises:
        ValueError: If folders further down are named for several splits.
    """
    refuse_nested_splits(root, names)
    repeats: dict[str, str] = {}
    if most_compared is None or len(names) <= most_compared:
        repeats = find_copies(root, names)
    # Of the images of one content the name of the first decides.
    splits = divide_names(names, lambda name: repeats.get(name, name))
    return splits, len(repeats)


def divide_folder(
    root: Path, names: list[str]
) -> tuple[dict[str, list[str]], int]:
    """Divide images by the folders of splits that they lie in, or by name.

    Args:
        root (Path): The folder.
        names (list[str]): Its images.

    Returns:
        tuple[dict[str, list[str]], int]: As :func:`divide_by_name`.

    Raises:
        ValueError: If some lie beside the folders of splits, or it is not
            clear which these are.
    """
    folders = split_folders(root)
    if not folders:
        return divide_by_name(root, names)
    splits: dict[str, list[str]] = {split: [] for split in SPLITS}
    split_of = {folder: split for split, folder in folders.items()}
    loose = [name for name in names if name.split('/')[0] not in split_of]
    if loose:
        raise ValueError(
            f'Expected every image of {printable(root)} in its folders of '
            f'splits ({", ".join(split_of)}), got {len(loose)} beside them: '
            f'{first_few(loose)}. Move them into one, or away.'
        )
    for name in names:
        splits[split_of[name.split('/')[0]]].append(name)
    return splits, 0
