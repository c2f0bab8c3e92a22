# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Which split an image of a folder is in: by lists, folders or names."""

import logging
import os
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from mmengine.logging import print_log

from mmfacesr.datasets.data_root import read_list
from mmfacesr.datasets.dividing import divide_by_name
from mmfacesr.datasets.folder_names import (
    refuse_low_resolution,
    split_folders,
    split_lists,
)
from mmfacesr.utils import first_few, printable, read_lines
from mmfacesr.utils.image_folders import list_images
from mmfacesr.utils.image_formats import IMAGE_SUFFIXES, suffix_of

MOST_COMPARED = 20_000
"""Images of a folder whose content is compared at every start; more of them
are compared once, by a dataset converter."""


class Split(NamedTuple):
    """Images of one split.

    Attributes:
        names (list[str]): Relative to the data root.
        origin (str): Where they come from, for messages.
        counts (dict[str, int] | None): Images of every split where a folder
            was divided by names; else None.
        num_repeated (int): Images there with the content of another one.
        num_loose (int): Images beside the folders of splits, in no split.
    """

    names: list[str]
    origin: str
    counts: dict[str, int] | None = None
    num_repeated: int = 0
    num_loose: int = 0


def find_split(root: Path, split: str | None) -> Split:
    """Find the images of a split.

    They are, in this order: those of its list; of its sub-folder; and where
    the folder has neither lists nor sub-folders of splits, its images divided
    by name, see :func:`divide_by_name`. Lists and sub-folders are known by
    the usual names in any case (``SPLIT_WORDS``).

    Args:
        root (Path): The data root.
        split (str | None): 'train', 'val', 'test', or None for all images.

    Returns:
        Split: The images.

    Raises:
        FileNotFoundError: If other splits have lists or folders and this one
            has none, or there are no images at all.
        ValueError: If it is not clear which images are meant, or a training
            file is in another split too.
    """
    if split is None:
        names = list_images(root)
        refuse_low_resolution(root, names)
        return Split(names, f'the folder {printable(root)}')
    lists, folders = split_lists(root), split_folders(root)
    if split in lists:
        found = split_of_list(root, root / lists[split])
    elif split in folders:
        found = _split_of_folder(root, folders[split])
    elif lists or folders:
        present = ', '.join([*lists.values(), *folders.values()])
        raise FileNotFoundError(
            f'Expected {split}.txt or {split}/ in {printable(root)}, which '
            f'has only {present}; add it, or set another split or ann_file in '
            'the config.'
        )
    else:
        return _split_by_name(root, split)
    _refuse_overlap(root, split, found, lists)
    return found


def split_of_list(root: Path, list_file: Path) -> Split:
    """Take the files of a list; all of them must exist.

    A name with spaces around it that is no file is taken without them. Each
    folder is listed once: one call per file takes minutes on network drives.

    Raises:
        FileNotFoundError: If the list or some of its files are missing; names
            the first ones with their lines.
        ValueError: As :func:`read_list`.
    """
    names = read_list(list_file)
    missing = _missing(root, names)
    bare = {
        name: plain
        for name in missing
        if (plain := os.path.normpath(name.strip())) != name
        and (root / plain).exists()
    }
    missing -= set(bare)
    if missing:
        lines = enumerate(read_lines(list_file), 1)
        found = [f'{line} (line {n})' for n, line in lines if line in missing]
        raise FileNotFoundError(
            f'Expected the {len(names)} files of {printable(list_file)} below '
            f'{printable(root)}, but {len(missing)} of them do not exist: '
            f'{first_few(found or sorted(missing))}. A line is the name of '
            'one file and nothing else. Complete the folder, make the list '
            'again by its dataset converter, or set data_root to another '
            'folder.'
        )
    names = [bare.get(name, name) for name in names] if bare else names
    return Split(names, f'the list {printable(list_file)}')


def _missing(root: Path, names: list[str]) -> set[str]:
    """The names that are no files below the root."""
    missing = set(names)
    for folder in {os.path.dirname(name) for name in names}:
        with (
            suppress(FileNotFoundError, NotADirectoryError),
            os.scandir(root / folder) as entries,
        ):
            for entry in entries:
                missing.discard(os.path.join(folder, entry.name))
    return missing


def _split_of_folder(root: Path, folder: str) -> Split:
    """Take the images below a sub-folder of the root."""
    names = [f'{folder}/{name}' for name in list_images(root / folder)]
    refuse_low_resolution(root, names)
    loose = [n for n in os.listdir(root) if suffix_of(n) in IMAGE_SUFFIXES]
    return Split(
        names,
        f'the folder {printable(root / folder)}',
        num_loose=len(loose),
    )


def _refuse_overlap(
    root: Path, split: str, found: Split, lists: dict[str, str]
) -> None:
    """Refuse a training file in another split; warn of other overlap."""
    for other in lists.keys() - {split}:
        file = lists[other]
        few, many = sorted((found.names, read_list(root / file)), key=len)
        both = set(few).intersection(many)
        if not both:
            continue
        text = (
            f'Expected every file in one split, got {len(both)} in '
            f'{found.origin} that {file} lists too: {first_few(both)}; take '
            'them out of one of the two.'
        )
        if 'train' in (split, other):
            raise ValueError(text)
        print_log(
            f'{text} Images that the checkpoint was chosen by make a test too '
            'favorable.',
            'current',
            logging.WARNING,
        )


def _split_by_name(root: Path, split: str) -> Split:
    """Take a split of a folder that is divided by the names of its images."""
    names = list_images(root)
    refuse_low_resolution(root, names)
    splits, num_repeated = divide_by_name(root, names, MOST_COMPARED)
    return Split(
        splits[split],
        f'the split {split!r} of the {len(names)} images of '
        f'{printable(root)}, divided by name',
        counts={split: len(files) for split, files in splits.items()},
        num_repeated=num_repeated,
    )


def log_origin(root: Path, found: Split) -> None:
    """Say in the log where the images come from, once if several splits do."""
    if found.counts is None:
        print_log(f'{len(found.names)} images of {found.origin}', 'current')
        if found.num_loose:
            text = (
                f'{found.num_loose} images of {printable(root)} lie beside '
                'the folders of its splits and are left out.'
            )
            print_log(text, 'current', logging.WARNING)
        return
    counts = ', '.join(f'{n} {split}' for split, n in found.counts.items())
    text = (
        f'The {sum(found.counts.values())} images of {printable(root)} are '
        f'divided by name, because there are no lists and no folders of '
        f'splits: {counts}. To test on all images of a folder, use '
        'tools/test.py --data FOLDER.'
    )
    if found.num_repeated:
        text += (
            f' {found.num_repeated} images are copies of another one and '
            'are kept in its split.'
        )
    # mmengine shows a warning of the same text once.
    print_log(text, 'current', logging.WARNING)
