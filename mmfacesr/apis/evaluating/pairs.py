# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Which result belongs to which ground truth: by name, never by order."""

import io
import os
import os.path as osp
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Optional

from PIL import Image
from tqdm import tqdm

from mmfacesr.utils import first_few, printable
from mmfacesr.utils.bombs import refuse_bomb
from mmfacesr.utils.image_folders import list_images
from mmfacesr.utils.image_formats import READ
from mmfacesr.utils.images import UnreadableImageError, read_image_bytes


@dataclass(frozen=True, slots=True)
class Pair:
    """Files of one face.

    Attributes:
        name (str): Path of the ground truth below its folder, without
            ending; what the face is called everywhere.
        sr (str): The result.
        hr (str): The ground truth, of the same size.
        lr (str | None): The input, if its folder was given.
    """

    name: str
    sr: str
    hr: str
    lr: Optional[str] = None


def find_pairs(
    sr: str | os.PathLike,
    hr: str | os.PathLike,
    lr: str | os.PathLike | None = None,
    suffix: str = '',
) -> list[Pair]:
    """Pair the images of folders by their names without endings.

    Args:
        sr (str | os.PathLike): Results; sub-folders as those of ``hr``.
        hr (str | os.PathLike): Ground truth.
        lr (str | os.PathLike, optional): Inputs.
        suffix (str): What stands behind the names of results, such as '_sr'.
            Defaults to nothing.

    Returns:
        list[Pair]: Sorted by name.

    Raises:
        FileNotFoundError: If a folder is missing or has no image.
        ValueError: If a result is missing or belongs to nothing, two files
            have one name, or sizes differ; names the files.
    """
    truths = files_by_name(hr)
    results = files_by_name(sr, suffix)
    inputs = files_by_name(lr) if lr is not None else dict.fromkeys(truths)
    _check_names(sr, results, truths, suffix)
    if lr is not None:
        _check_names(lr, inputs, truths)
    pairs = [
        Pair(name, results[name], truths[name], inputs[name])
        for name in sorted(truths)
    ]
    _check_sizes(pairs)
    return pairs


def files_by_name(
    folder: str | os.PathLike, suffix: str = ''
) -> dict[str, str]:
    """Name without ending and suffix -> file, of all images of a folder."""
    found = defaultdict(list)
    for file in list_images(folder):
        name = osp.splitext(file)[0]
        if not name.endswith(suffix):
            raise ValueError(
                f'Expected results called NAME{suffix}, got '
                f'{printable(file)} in {printable(folder)}; leave out '
                '--suffix, or move the file away.'
            )
        found[name.removesuffix(suffix)].append(osp.join(folder, file))
    twice = [files for files in found.values() if len(files) > 1]
    if twice:
        raise ValueError(
            f'Expected one image of each name in {printable(folder)}, got '
            f'{first_few(twice[0])}; remove all but one of each.'
        )
    return {name: files[0] for name, files in found.items()}


def _check_names(
    folder: str | os.PathLike,
    found: dict[str, str],
    truths: dict[str, str],
    suffix: str = '',
) -> None:
    """Refuse a folder that has not the very faces of the ground truth."""
    missing = sorted(truths.keys() - found.keys())
    extra = sorted(found.keys() - truths.keys())
    if not (missing or extra):
        return
    said = [
        f'{len(names)} {what} ({first_few(names)})'
        for names, what in (
            (missing, 'are missing'),
            (extra, 'have no ground truth'),
        )
        if names
    ]
    hint = '' if suffix else '; if its names end in _sr, say --suffix _sr'
    raise ValueError(
        f'Expected in {printable(folder)} an image for each of the '
        f'{len(truths)} of the ground truth, by its name without ending: '
        f'{" and ".join(said)}. Add or move away what is named{hint}.'
    )


def _check_sizes(pairs: Sequence[Pair]) -> None:
    """Refuse results that have not the size of their ground truth."""
    wrong = []
    for pair in tqdm(pairs, 'sizes', unit='image', disable=None, leave=False):
        size, expected = _size(pair.sr), _size(pair.hr)
        if size != expected:
            wrong.append(
                f'{pair.name} ({size[0]}x{size[1]} for '
                f'{expected[0]}x{expected[1]})'
            )
    if wrong:
        raise ValueError(
            f'Expected results as large as their ground truth, got '
            f'{len(wrong)} of {len(pairs)} others, width x height: '
            f'{first_few(wrong)}. Crop the ground truth as the method does, '
            'or restore at the full size.'
        )


def _size(path: str) -> tuple[int, int]:
    """Width and height, from the head of a file."""
    data = read_image_bytes(path)
    try:
        refuse_bomb(data)
        with Image.open(io.BytesIO(data), formats=tuple(READ)) as image:
            return image.size
    except Exception as error:  # Pillow's plugins raise many kinds
        raise UnreadableImageError(
            path, f'cannot be read ({error}); fetch it again or remove it'
        ) from error
