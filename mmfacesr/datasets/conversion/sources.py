# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What a downloaded dataset must hold: files, counts, partitions."""

import hashlib
import logging
import os
from collections.abc import Sequence
from pathlib import Path

from mmengine.logging import print_log

from mmfacesr.datasets.data_root import SPLITS
from mmfacesr.datasets.dividing import divide_names
from mmfacesr.utils import first_few, printable, read_lines

MAX_NAME = 255  # bytes, of every usual file system


def find_file(
    root: Path, names: Sequence[str], folders: Sequence[str]
) -> Path:
    """Find the first of some names in the root or in some of its folders.

    Raises:
        FileNotFoundError: Naming what was looked for and where.
    """
    for folder in ('', *folders):
        for name in names:
            if (root / folder / name).exists():
                return root / folder / name
    places = [printable(root / folder) for folder in ('', *folders)]
    raise FileNotFoundError(
        f'Expected {" or ".join(names)} in {" or ".join(places)}, found '
        'none; see the README beside this tool for what to download.'
    )


def existing_names(
    names: Sequence[str], folder: Path, allow_incomplete: bool
) -> list[str]:
    """Keep the names that are in a folder (not below it).

    Raises:
        ValueError: If some are missing and ``allow_incomplete`` is False.
        FileNotFoundError: If there is no such folder.
    """
    if not folder.is_dir():
        raise FileNotFoundError(
            f'Expected the images in {printable(folder)}, which is '
            'no folder; see the README beside this tool.'
        )
    present = set(os.listdir(folder))
    missing = [name for name in names if name not in present]
    if missing:
        stop_or_warn(
            f'Expected {len(names)} listed images in {printable(folder)}, but '
            f'{len(missing)} are missing: {first_few(missing)}.',
            allow_incomplete,
        )
    return [name for name in names if name in present]


def require_counts(
    splits: dict[str, Sequence[str]],
    expected: dict[str, int],
    allow_incomplete: bool,
) -> None:
    """Compare the sizes of the splits with the published ones.

    Args:
        splits (dict[str, Sequence[str]]): The files of each split.
        expected (dict[str, int]): The published count of some splits.
        allow_incomplete (bool): Warn instead of stopping.

    Raises:
        ValueError: If a count differs.
    """
    wrong = [
        f'{count} in {split}, got {len(splits[split])}'
        for split, count in expected.items()
        if len(splits[split]) != count
    ]
    if wrong:
        stop_or_warn(
            f'Expected the published number of images: {"; ".join(wrong)}.',
            allow_incomplete,
        )


def stop_or_warn(message: str, allow_incomplete: bool) -> None:
    """Stop, or only warn if an incomplete dataset is allowed.

    Raises:
        ValueError: If ``allow_incomplete`` is False.
    """
    if not allow_incomplete:
        raise ValueError(
            f'{message} Fetch the rest, or go on with what is '
            'there by --allow-incomplete.'
        )
    print_log(message, level=logging.WARNING)


def read_celeba_partition(path: Path) -> dict[str, str]:
    """Read CelebA's official partition, as text or as Kaggle's CSV.

    Args:
        path (Path): Lines ``000001.jpg 0``; 0 train, 1 val, 2 test.

    Returns:
        dict[str, str]: 'train', 'val' or 'test' of each file.

    Raises:
        ValueError: If a line is of another form.
    """
    split_of: dict[str, str] = {}
    for number, line in enumerate(read_lines(path), 1):
        fields = line.replace(',', ' ').split()
        if not fields or fields[0] == 'image_id':
            continue
        right = len(fields) == 2 and fields[1] in ('0', '1', '2')
        if not right or fields[0] in split_of:
            raise ValueError(
                f'Expected lines "000001.jpg 0", each of another image, in '
                f'{printable(path)}, got {line!r} in line {number}; fetch the '
                'file again.'
            )
        split_of[fields[0]] = SPLITS[int(fields[1])]
    return split_of


def result_name(name: str, ending: str) -> str:
    """Name a result after its source; a long name is cut, yet its own.

    Args:
        name (str): The source, relative to its folder; its suffix stays, so
            that ``a.jpg`` and ``a.png`` do not meet.
        ending (str): What is appended.

    Returns:
        str: In the same sub-folder, of at most 255 bytes.
    """
    folder, base = os.path.split(name)
    if len(os.fsencode(base + ending)) <= MAX_NAME:
        return name + ending
    data = os.fsencode(base)
    ending = f'~{hashlib.sha1(data).hexdigest()[:16]}{ending}'
    short = data[: MAX_NAME - len(ending)].decode(errors='ignore')
    return os.path.join(folder, short + ending)


def divide_train_val(names: Sequence[str]) -> dict[str, list[str]]:
    """Divide training images into 'train' and a tenth for 'val', by name."""
    splits = divide_names(names)
    return dict(
        train=sorted(splits['train'] + splits['test']), val=splits['val']
    )
