# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The last files of a data root, and the check of images left in place."""

import logging
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from mmengine.logging import print_log
from PIL import Image

from mmfacesr.datasets.conversion.loop import BAD_FILE, Row, convert_all
from mmfacesr.datasets.copies import copies_across_splits
from mmfacesr.datasets.data_root import INFO_FILE, SPLITS, write_data_root
from mmfacesr.faces.table import LandmarkTable
from mmfacesr.utils import first_few, printable, sha256_of
from mmfacesr.utils.images import read_image

MIN_SIZE = 16  # no method here takes a smaller face
USES = dict(train='train on', val='validate on', test='test on')


def check_image(folder: Path, name: str) -> list[Row]:
    """Decode an image that stays where it is.

    Raises:
        UnreadableImageError: If it cannot be used.
    """
    read_image(folder / name, MIN_SIZE)
    return [dict(file=name)]


def list_in_place(
    root: Path,
    name: str,
    splits: dict[str, Sequence[str]],
    crop_size: int | None,
    source: str,
    workers: int = 1,
) -> dict[str, list[str]]:
    """Make a data root of images that stay where they are.

    Every image is decoded once; the bad ones are left out of the lists.

    Args:
        root (Path): The data root.
        name (str): Name of the dataset.
        splits (dict[str, Sequence[str]]): Files of 'train', 'val', 'test'.
        crop_size (int | None): See :func:`write_data_root`.
        source (str): See :func:`write_data_root`.
        workers (int): Processes. Defaults to 1.

    Returns:
        dict[str, list[str]]: The splits without the bad images.

    Raises:
        ValueError: If there are lists of others, or no image is left.
    """
    _refuse_foreign_lists(root)
    names = [file for files in splits.values() for file in files]
    good = convert_all(
        names,
        partial(check_image, root),
        root,
        dict(converter=name, mode='in place'),
        workers,
        root,
    )
    kept = {
        split: [file for file in files if file in good]
        for split, files in splits.items()
    }
    finish(root, name, kept, crop_size, source)
    warn_of_copies(root, kept)
    return kept


def warn_of_copies(root: Path, splits: dict[str, list[str]]) -> None:
    """Say which images have the content of one in another split."""
    lines = copies_across_splits(root, splits)
    if lines:
        print_log(
            f'{len(lines)} images have the content of one in another split, '
            f'for instance: {first_few(lines)}. The split is kept as it is '
            'published; take the copies out of the lists where a test must '
            'be clean.',
            level=logging.WARNING,
        )


def _refuse_foreign_lists(root: Path) -> None:
    """Refuse to overwrite lists that no converter wrote."""
    foreign = [
        f'{split}.txt' for split in SPLITS if (root / f'{split}.txt').exists()
    ]
    if foreign and not (root / INFO_FILE).exists():
        raise ValueError(
            f'Expected no lists in {printable(root)} or those of a '
            f'converter, got {", ".join(foreign)} without {INFO_FILE}. '
            'Nothing is overwritten: move them away, or use the folder as it '
            'is.'
        )


def finish(
    root: Path,
    name: str,
    splits: dict[str, Sequence[str]],
    crop_size: int | None,
    source: str,
    landmark_scheme: str | None = None,
) -> None:
    """Write the lists of a data root and say in the log what it is good for.

    An empty split is no error: a folder of test images alone can be tested.

    Args: as of :func:`write_data_root`.

    Raises:
        ValueError: If every split is empty; nothing is written then.
    """
    if not any(splits.values()):
        bad = root / BAD_FILE
        why = f' (why: {printable(bad)})' if bad.is_file() else ''
        raise ValueError(
            f'Expected images for the data root {printable(root)}, got none '
            f'that can be used{why}; check the '
            'folder and the options.'
        )
    write_data_root(root, name, splits, crop_size, source, landmark_scheme)
    counts = ', '.join(
        f'{len(files)} {split}' for split, files in splits.items()
    )
    place = printable(root)
    missing = [USES[split] for split, files in splits.items() if not files]
    if missing:
        print_log(
            f'{place} holds {counts}: nothing to {" or ".join(missing)}. Add '
            'images and run the same command again, or move lines from one '
            'list to another (train.txt, val.txt, test.txt). For what is '
            f'there, use it by DATA_ROOT={place}.',
            level=logging.WARNING,
        )
    else:
        print_log(f'{place} is ready: {counts}. Use it by DATA_ROOT={place}.')


def save_points(path: Path, rows: Sequence[Row], scheme: str) -> None:
    """Write the points of all rows as a landmark table.

    Args:
        path (Path): The ``.npz`` file, in the data root of the images.
        rows (Sequence[Row]): Rows with 'file' and 'points'.
        scheme (str): Their landmark scheme.
    """
    count = len(rows)
    files = [path.parent / row['file'] for row in rows]
    LandmarkTable(
        file=np.array([row['file'] for row in rows], dtype=np.str_),
        points=np.array([row['points'] for row in rows], np.float32),
        box=np.full((count, 4), np.nan, np.float32),
        score=np.full(count, np.nan, np.float32),
        sha256=np.array([sha256_of(file) for file in files], dtype='<U64'),
        size=np.array([_size(file) for file in files], np.int32),
        scheme=scheme,
    ).save(path)


def _size(path: Path) -> tuple[int, int]:
    """h, w of an image of ours, from its header."""
    with Image.open(path) as image:
        return image.height, image.width
