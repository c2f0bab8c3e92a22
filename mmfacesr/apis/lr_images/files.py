# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What is known of LR files before anything is compared."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Optional

import numpy as np
from tqdm import tqdm

from mmfacesr.apis.lr_images.traces import quality_of_tables
from mmfacesr.utils import first_few, printable
from mmfacesr.utils.bad_samples import BadSampleError
from mmfacesr.utils.image_folders import list_images
from mmfacesr.utils.images import (
    ALPHA_MODES,
    decoding,
    read_image,
    read_image_bytes,
)


@dataclass(frozen=True)
class LRFile:
    """An image file.

    Attributes:
        name (str): Below its folder.
        format (str): As Pillow names it.
        kind (str): 'color', 'gray', 'color with alpha', 'gray with alpha' or
            'palette'.
        bits (int): Of each channel, 8 or 16.
        quality (int, optional): Of a JPEG file, on libjpeg's scale.
        size (tuple[int, int]): Width and height in pixels.
    """

    name: str
    format: str
    kind: str
    bits: int
    quality: Optional[int]
    size: tuple[int, int]


@dataclass
class LRFolder:
    """The files of a folder, and the pixels of some.

    Attributes:
        path (Path): The folder.
        files (list[LRFile]): All that can be read.
        bad (dict[str, str]): Name -> what is wrong with it.
        pixels (dict[str, np.ndarray]): Name -> (h, w, 3) uint8 RGB of some,
            evenly spread over the folder, which have the most common size.
    """

    path: Path
    files: list[LRFile] = field(default_factory=list)
    bad: dict[str, str] = field(default_factory=dict)
    pixels: dict[str, np.ndarray] = field(default_factory=dict)


def read_folder(path: str | os.PathLike, limit: int) -> LRFolder:
    """Read all files of a folder; bad ones are named and left out.

    Args:
        path (str | os.PathLike): The folder.
        limit (int): Of how many files the pixels are kept.

    Raises:
        FileNotFoundError: If there is no folder, or no image in it.
        ValueError: If no image can be read.
    """
    found = LRFolder(Path(path))
    names = list_images(path)
    places = np.linspace(0, len(names) - 1, min(limit, len(names))).round()
    kept = {names[int(place)] for place in places}
    for name in tqdm(names, 'read', unit='file', disable=None, leave=False):
        try:
            file, pixels = read_file(found.path, name)
        except BadSampleError as error:
            found.bad[name] = str(error)
            continue
        found.files.append(file)
        if name in kept:
            found.pixels[name] = pixels
    if not found.files:
        raise ValueError(
            f'Expected images in {printable(path)}, got {len(found.bad)} '
            f'files that cannot be read ({first_few(found.bad)}); fetch them '
            'again.'
        )
    _keep_common_size(found)
    return found


def _keep_common_size(folder: LRFolder) -> None:
    """Leave out pixels of rarer sizes."""
    common = most_common([file.size for file in folder.files])
    folder.pixels = {
        name: pixels
        for name, pixels in folder.pixels.items()
        if pixels.shape[1::-1] == common
    }


def read_file(folder: Path, name: str) -> tuple[LRFile, np.ndarray]:
    """What is known of a file, and its pixels.

    Raises:
        BadSampleError: If it cannot be read.
    """
    path = folder / name
    with decoding(path, read_image_bytes(path)) as (image, deep):
        tables = getattr(image, 'quantization', None)
        mode, kind = image.mode, image.format
    pixels = read_image(path)
    file = LRFile(
        name,
        str(kind),
        kind_of(mode),
        8 if deep is None else 16,
        quality_of_tables(tables) if tables else None,
        (pixels.shape[1], pixels.shape[0]),
    )
    return file, pixels


def kind_of(mode: str) -> str:
    """What a mode of Pillow holds, in words."""
    if mode in ('P', 'PA', '1'):
        return 'palette'
    color = 'gray' if mode[0] in 'LI' else 'color'
    return f'{color} with alpha' if mode in ALPHA_MODES else color


def most_common(values: Sequence) -> object:
    """The value that comes most often; the first of several."""
    return max(dict.fromkeys(values), key=values.count)
