# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What a person gives to be restored."""

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Optional, Union

import numpy as np

from mmfacesr.utils.image_folders import list_images
from mmfacesr.utils.photos import Photo, read_photo


@dataclass(frozen=True, eq=False)
class Located:
    """A picture whose faces are known, such as a frame of a video.

    Args:
        photo (Photo): The picture, or what has its ``size``, ``srgb``,
            ``copy``, ``enlarged`` and ``add``.
        landmarks (Sequence[np.ndarray]): (68, 2) x, y of each face in pixels
            of the photo, pixel centers at integers.
        strengths (Sequence[float] | None): How much of its change each face
            gets, in [0, 1]. Defaults to None, all of it.
    """

    photo: Photo
    landmarks: Sequence[np.ndarray]
    strengths: Optional[Sequence[float]] = None


Source = Union[str, Path, np.ndarray, Photo, Located]
WEB = ('http://', 'https://')


def sources_of(inputs: Union[Source, Iterable[Source]]) -> Iterator[Source]:
    """Yield single pictures of what was given, folders by their images.

    Args:
        inputs (Source | Iterable[Source]): A path or URL of a picture, a
            folder, an array, or any number of them, without end too.

    Raises:
        FileNotFoundError: If a folder has no images.
    """
    if isinstance(inputs, (str, Path)):
        folder = Path(inputs)
        if not str(inputs).startswith(WEB) and folder.is_dir():
            yield from (folder / name for name in list_images(folder))
        else:
            yield inputs
    elif isinstance(inputs, (np.ndarray, Photo, Located)):
        yield inputs
    else:
        for item in inputs:
            yield from sources_of(item)


def name_of(source: Source) -> str:
    """Return the name that a result carries."""
    return str(source) if isinstance(source, (str, Path)) else 'array'


def open_photo(source: Source) -> Photo:
    """Read a picture.

    Args:
        source (Source): A path, a URL or an array (H, W), (H, W, 1), RGB or
            RGBA, uint8 or uint16.

    Raises:
        UnreadableImageError: If the file cannot be used.
        WeightsError: If a URL cannot be fetched.
        ValueError: If the array is none of these.
    """
    if isinstance(source, Located):
        return source.photo
    if isinstance(source, Photo):
        return source
    if isinstance(source, np.ndarray):
        return Photo.from_array(source)
    if not str(source).startswith(WEB):
        return read_photo(source)
    from mmfacesr.weights.download import download

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, 'picture')
        download([str(source)], path, what='a picture')
        return read_photo(path)
