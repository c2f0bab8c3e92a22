# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Data roots and contact sheets of drawn faces."""

import hashlib
import os
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from mmfacesr.datasets.data_root import SPLITS, write_data_root
from mmfacesr.datasets.synthetic_faces.render import (
    REVISION,
    face_points,
    render_face,
)
from mmfacesr.faces.table import LandmarkTable
from mmfacesr.utils.images import write_image

TABLE_FILE = 'landmarks68.npz'
CROP_SHARE = 0.8  # the face's square: the central 128 of 160 pixels
SEEDS_PER_ROOT = 3_000_000  # persons between two values of `seed`


def face_seeds(split: str, count: int, seed: int = 0) -> list[int]:
    """Seeds of the persons of one split; no two splits share one.

    Args:
        split (str): 'train', 'val' or 'test'.
        count (int): How many.
        seed (int): Of the whole data root. Defaults to 0.

    Returns:
        list[int]: Ascending; a longer split begins with the shorter one.
    """
    if split not in SPLITS:
        raise ValueError(f'Expected a split of {SPLITS}, got {split!r}.')
    most = SEEDS_PER_ROOT // len(SPLITS)
    if not 0 <= count <= most:
        raise ValueError(
            f'Expected 0 to {most} faces in {split}, got {count}.'
        )
    first = seed * SEEDS_PER_ROOT + SPLITS.index(split)
    return list(range(first, first + count * len(SPLITS), len(SPLITS)))


def _write_face(path: Path, seed: int, size: int) -> np.ndarray:
    """Draw one face into a file, unless it is there; its points."""
    if path.is_file():  # files appear complete or not at all
        return face_points(seed, size)
    path.parent.mkdir(parents=True, exist_ok=True)
    picture, points = render_face(seed, size)
    write_image(path, picture)
    return points


def write_faces(
    root: str | os.PathLike,
    splits: dict[str, int],
    size: int = 160,
    seed: int = 0,
    progress: bool = True,
) -> None:
    """Write a data root of drawn faces with their exact landmarks.

    Interrupted, it goes on where it stopped; repeated, it draws nothing.
    The lists and the landmark table are written last.

    Args:
        root (str | os.PathLike): The data root, made if missing.
        splits (dict[str, int]): Number of faces of 'train', 'val', 'test';
            a missing split is empty.
        size (int): Side of the crops in pixels, 64 to 1024; the face lies
            in their central 80 %. Defaults to 160.
        seed (int): Other values give other persons. Defaults to 0.
        progress (bool): Whether to show a bar. Defaults to True.

    Raises:
        ValueError: If a split is unknown, or size or seed is out of range.
    """
    root = Path(root)
    unknown = sorted(set(splits) - set(SPLITS))
    if unknown:
        raise ValueError(f'Expected splits of {SPLITS}, got {unknown}.')
    jobs = [
        (f'{split}/{person:07d}_{size}px_r{REVISION}.png', person)
        for split in SPLITS
        for person in face_seeds(split, splits.get(split, 0), seed)
    ]
    points = [
        _write_face(root / name, person, size)
        for name, person in tqdm(
            jobs, desc='drawing faces', unit='face', disable=not progress
        )
    ]
    names = [name for name, _ in jobs]
    _table(root, names, points, size).save(root / TABLE_FILE)
    write_data_root(
        root,
        'synthetic faces',
        {
            split: [n for n in names if n.startswith(f'{split}/')]
            for split in SPLITS
        },
        round(CROP_SHARE * size),
        f'drawn by mmfacesr, revision {REVISION}, seed {seed}, size {size}',
        landmark_scheme='ibug68',
    )


def _table(
    root: Path, names: list[str], points: list[np.ndarray], size: int
) -> LandmarkTable:
    """The landmark table of pictures that lie in a data root."""
    stack = np.array(points, np.float32).reshape(-1, 68, 2)
    digests = [
        hashlib.sha256((root / name).read_bytes()).hexdigest()
        for name in names
    ]
    return LandmarkTable(
        file=np.array(names, dtype=np.str_),
        size=np.full((len(names), 2), size, np.int32),
        points=stack,
        box=np.concatenate([stack.min(1), stack.max(1)], 1),
        score=np.ones(len(names), np.float32),
        sha256=np.array(digests, dtype=np.str_),
    )


def contact_sheet(
    seeds: list[int], columns: int, size: int = 96, marked: int = 0
) -> np.ndarray:
    """Put faces side by side.

    Args:
        seeds (list[int]): The persons, row by row.
        columns (int): Faces a row.
        size (int): Side of one face in pixels. Defaults to 96.
        marked (int): On how many of the last faces the 68 points are drawn.
            Defaults to 0.

    Returns:
        np.ndarray: (rows * size, columns * size, 3) uint8 RGB.
    """
    rows = -(-len(seeds) // columns)
    sheet = np.full((rows * size, columns * size, 3), 255, np.uint8)
    for index, seed in enumerate(seeds):
        picture, points = render_face(seed, size)
        if index >= len(seeds) - marked:
            picture = mark_points(picture, points)
        row, column = divmod(index, columns)
        sheet[
            row * size : (row + 1) * size, column * size : (column + 1) * size
        ] = picture
    return sheet


def mark_points(picture: np.ndarray, points: np.ndarray) -> np.ndarray:
    """A copy of an RGB picture with points (n, 2) as green dots."""
    marked = picture.copy()
    radius = max(0.6, len(picture) / 160)
    for x, y in points * 16:
        cv2.circle(
            marked,
            (round(float(x)), round(float(y))),
            round(radius * 16),
            (60, 255, 60),
            -1,
            cv2.LINE_AA,
            4,
        )
    return marked
