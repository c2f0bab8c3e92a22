# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Pictures for people: sheets that set results side by side."""

from collections.abc import Sequence
from typing import Optional

import cv2
import numpy as np
from PIL import Image, ImageDraw

from mmfacesr.utils import printable

HEADER = 16
"""Height in pixels of the line of column titles."""
GAP = 2
"""Pixels of white between two images."""


def fit(image: np.ndarray, size: int) -> np.ndarray:
    """Bring an image to (size, size): whole pixels when it is enlarged.

    Args:
        image (np.ndarray): (h, w, 3) uint8 RGB.
        size (int): Side of the result in pixels.

    Returns:
        np.ndarray: (size, size, 3) uint8 RGB.
    """
    if image.shape[:2] == (size, size):
        return image
    method = Image.NEAREST if max(image.shape[:2]) < size else Image.BICUBIC
    return np.array(Image.fromarray(image).resize((size, size), method))


def comparison_sheet(
    columns: dict[str, Sequence[np.ndarray]],
    size: int = 128,
    captions: Optional[Sequence[str]] = None,
) -> np.ndarray:
    """Draw one row a face and one titled column a kind of image.

    Args:
        columns (dict[str, Sequence[np.ndarray]]): Title -> images, each
            (h, w, 3) uint8 RGB, as many in every column.
        size (int): Side of a cell in pixels. Defaults to 128.
        captions (Sequence[str], optional): A line of text under each row,
            such as the name of its file.

    Returns:
        np.ndarray: The sheet, (H, W, 3) uint8 RGB.

    Raises:
        ValueError: If the columns or captions are empty or differ in length.
    """
    counts = {title: len(images) for title, images in columns.items()}
    if captions is not None:
        counts['captions'] = len(captions)
    if len(set(counts.values())) != 1 or not next(iter(counts.values())):
        raise ValueError(
            'Expected as many images in every column, at least '
            f'one, got {counts}.'
        )
    rows = next(iter(counts.values()))
    pitch = size + GAP
    row_pitch = pitch + (HEADER if captions else 0)
    sheet = Image.new(
        'RGB',
        (len(columns) * pitch - GAP, HEADER + rows * row_pitch - GAP),
        'white',
    )
    pen = ImageDraw.Draw(sheet)
    for row, caption in enumerate(captions or ()):
        below = (3, HEADER + row * row_pitch + size + 1)
        pen.text(below, printable(caption), fill='black')
    for column, (title, images) in enumerate(columns.items()):
        pen.text((column * pitch + 3, 2), title, fill='black')
        for row, image in enumerate(images):
            sheet.paste(
                Image.fromarray(fit(image, size)),
                (column * pitch, HEADER + row * row_pitch),
            )
    return np.array(sheet)


def bicubic(image: np.ndarray, size: int) -> np.ndarray:
    """Enlarge an 8-bit image by Pillow bicubic, the project's baseline.

    Args:
        image (np.ndarray): (h, w, 3) uint8.
        size (int): Side of the result in pixels.

    Returns:
        np.ndarray: (size, size, 3) uint8.
    """
    return np.array(Image.fromarray(image).resize((size, size), Image.BICUBIC))


def columns_of(
    lr: list[np.ndarray],
    sr: list[np.ndarray],
    hr: list[np.ndarray] | None = None,
) -> dict[str, list[np.ndarray]]:
    """The usual columns: LR, bicubic, SR and, where there is one, HR.

    An input that has the size of the output already is shown once.
    """
    size = sr[0].shape[0]
    columns = {'LR': lr, 'bicubic': [bicubic(image, size) for image in lr]}
    if lr[0].shape == sr[0].shape:
        columns = {'input': lr}
    columns['SR'] = sr
    return columns if hr is None else {**columns, 'HR': hr}


def overlay_map(image: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Lay a map over an image, blue where it is low and red where high.

    Args:
        image (np.ndarray): (H, W, 3) uint8 RGB.
        values (np.ndarray): (h, w) in [0, 1]; enlarged to the image.

    Returns:
        np.ndarray: (H, W, 3) uint8 RGB, half image and half map.
    """
    levels = np.rint(255 * values.clip(0, 1)).astype(np.uint8)
    height, width = image.shape[:2]
    levels = cv2.resize(
        levels, (width, height), interpolation=cv2.INTER_LINEAR
    )
    colors = cv2.applyColorMap(levels, cv2.COLORMAP_TURBO)[..., ::-1]
    return cv2.addWeighted(image, 0.5, np.ascontiguousarray(colors), 0.5, 0)
