# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Pictures inside a page, as data: URIs."""

import base64
import io
from collections.abc import Sequence
from functools import cache
from typing import Optional

import numpy as np
from PIL import Image

from mmfacesr.apis.evaluating.measuring import hash_file
from mmfacesr.utils.images import read_image

THUMBNAIL = 64
"""Pixels of the height of a face in the table of all faces."""
THUMBNAIL_QUALITY = 60
COLORMAP = 'inferno'
LEVELS_OF_LEGEND = 256
STEP = 8  # gray levels that the end of the error scale is a multiple of
SHOWN_ERRORS = 99.5  # percent of the pixels below the end of the scale


def read_measured_file(path: str, sha256: str) -> Optional[np.ndarray]:
    """Read a picture if it is still the one that was measured.

    Args:
        path (str | os.PathLike): The file.
        sha256 (str): Hash that it had.

    Returns:
        np.ndarray | None: (H, W, 3) uint8 RGB; None if it has changed.
    """
    return read_image(path) if hash_file(path) == sha256 else None


def exact_uri(rgb: np.ndarray) -> str:
    """A picture with every pixel as it is.

    Args:
        rgb (np.ndarray): (H, W, 3) uint8.
    """
    return _uri(Image.fromarray(rgb), lossless=True, quality=30, method=2)


def strip_uri(faces: Sequence[np.ndarray]) -> str:
    """Small faces side by side, to find one by.

    Args:
        faces (Sequence[np.ndarray]): Each (H, W, 3) uint8.
    """
    small = [_small(face) for face in faces]
    strip = Image.new('RGB', (sum(i.width for i in small), THUMBNAIL))
    left = 0
    for image in small:
        strip.paste(image, (left, 0))
        left += image.width
    return _uri(strip, quality=THUMBNAIL_QUALITY, method=3)


def _small(face: np.ndarray) -> Image.Image:
    """A face of the height of a thumbnail."""
    image = Image.fromarray(face)
    width = max(round(image.width * THUMBNAIL / image.height), 1)
    return image.resize((width, THUMBNAIL), Image.Resampling.BOX)


def bicubic(lr: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """An input as large as its result, by Pillow.

    Args:
        lr (np.ndarray): (h, w, 3) uint8.
        size (tuple[int, int]): H, W.
    """
    image = Image.fromarray(lr)
    return np.asarray(image.resize(size[::-1], Image.Resampling.BICUBIC))


def error_levels(sr: np.ndarray, hr: np.ndarray) -> np.ndarray:
    """Absolute error of each pixel, mean of the three channels.

    Args:
        sr (np.ndarray): (H, W, 3) uint8.
        hr (np.ndarray): (H, W, 3) uint8.

    Returns:
        np.ndarray: (H, W) float32, gray levels in [0, 255].
    """
    return np.abs(sr.astype(np.float32) - hr.astype(np.float32)).mean(-1)


def end_of_scale(errors: Sequence[np.ndarray]) -> int:
    """Where the scale of error maps ends, in gray levels.

    Args:
        errors (Sequence[np.ndarray]): Of :func:`error_levels`, all that are
            shown. One scale for all lets them be compared.

    Returns:
        int: A multiple of 8 that nearly all pixels are below.
    """
    if not errors:
        return STEP
    highest = max(float(np.percentile(e, SHOWN_ERRORS)) for e in errors)
    return max(int(np.ceil(highest / STEP)) * STEP, STEP)


def error_map(levels: np.ndarray, end: int) -> np.ndarray:
    """Errors as colors of equal perceived steps, dark to bright.

    Args:
        levels (np.ndarray): (H, W) gray levels.
        end (int): Level of the brightest color; above it all are as bright.

    Returns:
        np.ndarray: (H, W, 3) uint8 RGB.
    """
    last = LEVELS_OF_LEGEND - 1
    places = np.rint(levels * (last / end)).clip(0, last).astype(np.uint8)
    return _colors()[places]


def legend_uri() -> str:
    """The colors of :func:`error_map` in a row."""
    return exact_uri(_colors()[None])


@cache
def _colors() -> np.ndarray:
    """(256, 3) uint8 RGB."""
    from matplotlib import colormaps

    colors = colormaps[COLORMAP](np.linspace(0, 1, LEVELS_OF_LEGEND))
    return np.rint(colors[:, :3] * 255).astype(np.uint8)


def _uri(image: Image.Image, **options: int | bool) -> str:
    """An image as WebP in a data: URI."""
    buffer = io.BytesIO()
    image.save(buffer, 'WEBP', **options)
    text = base64.b64encode(buffer.getvalue()).decode('ascii')
    return f'data:image/webp;base64,{text}'
