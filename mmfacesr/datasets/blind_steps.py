# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The steps that make a bad photograph out of a good one.

Each is a function of an 8-bit RGB image and of numbers already drawn: the
same arguments give the same bytes. OpenCV filters reflect at the border
without repeating the edge.

Source: the FFHQ training data of Chen et al., Learning Spatial Attention for
Face Super-Resolution, arXiv 2012.01211, as released.
"""

import io
from collections.abc import Callable
from typing import Any, Literal

import cv2
import numpy as np
from PIL import Image

Interpolation = Literal['nearest', 'linear', 'area', 'cubic']
Step = tuple[str, dict[str, Any]]

INTERPOLATIONS: dict[str, int] = {
    'nearest': cv2.INTER_NEAREST,
    'linear': cv2.INTER_LINEAR,
    'area': cv2.INTER_AREA,
    'cubic': cv2.INTER_CUBIC,
}
MAX_COMPRESSION = 100


def odd(size: int) -> int:
    """The size itself, or the next one if it is even."""
    return size + 1 - size % 2


def to_gray(image: np.ndarray) -> np.ndarray:
    """Replace the colors by luma, in three equal channels.

    Args:
        image (np.ndarray): (H, W, 3) uint8 RGB.

    Returns:
        np.ndarray: (H, W, 3) uint8.
    """
    luma = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    return cv2.cvtColor(luma, cv2.COLOR_GRAY2RGB)


def gaussian_blur(image: np.ndarray, sigma: float) -> np.ndarray:
    """Blur by a Gaussian cut off at about 1.4 sigma.

    Args:
        image (np.ndarray): (H, W, 3) uint8.
        sigma (float): Standard deviation in pixels, above 0.

    Returns:
        np.ndarray: (H, W, 3) uint8.
    """
    size = odd(int((2.9 if sigma < 5 else 2.6) * sigma))
    size = max(size, 3)  # a window of 1 would blur nothing
    return cv2.GaussianBlur(image, (size, size), sigma)


def average_blur(image: np.ndarray, size: int) -> np.ndarray:
    """Blur by the mean of a (size, size) window."""
    return cv2.blur(image, (size, size))


def median_blur(image: np.ndarray, size: int) -> np.ndarray:
    """Blur by the median of a window, per channel; even sizes become odd."""
    return cv2.medianBlur(image, odd(size))


def motion_kernel(size: int, angle: float, direction: float) -> np.ndarray:
    """The trace of a point in a camera that moves on a straight line.

    Args:
        size (int): Length of the line in pixels; even ones become odd.
        angle (float): Clockwise from the vertical, in degrees.
        direction (float): -1 to 1, where the trace is brightest: at its
            lower end, at 0 everywhere alike, at its upper end.

    Returns:
        np.ndarray: (size, size) float32, of sum 1.
    """
    size = odd(size)
    top = (direction + 1) / 2
    line = np.zeros((size, size), np.float32)
    line[:, size // 2] = np.linspace(top, 1 - top, size, dtype=np.float32)
    center = ((size - 1) / 2, (size - 1) / 2)
    rotation = cv2.getRotationMatrix2D(center, -angle, 1)
    # 8 bit, so that the kernel has the released one's rounding.
    line = cv2.warpAffine((line * 255).astype(np.uint8), rotation, line.shape)
    kernel = line.astype(np.float32) / 255
    return kernel / kernel.sum()


def motion_blur(
    image: np.ndarray, size: int, angle: float, direction: float
) -> np.ndarray:
    """Blur along a line, see :func:`motion_kernel`."""
    return cv2.filter2D(image, -1, motion_kernel(size, angle, direction))


def resize(
    image: np.ndarray, size: int, interpolation: Interpolation
) -> np.ndarray:
    """Resize to (size, size); only 'area' filters before it drops pixels.

    Args:
        image (np.ndarray): (H, W, 3) uint8.
        size (int): Side of the result in pixels.
        interpolation (str): 'nearest', 'linear', 'area' or 'cubic'.

    Returns:
        np.ndarray: (size, size, 3) uint8, never the array given.

    Raises:
        ValueError: If the interpolation is unknown.
    """
    if interpolation not in INTERPOLATIONS:
        raise ValueError(
            f'Expected an interpolation of {tuple(INTERPOLATIONS)}, '
            f'got {interpolation!r}.'
        )
    return cv2.resize(
        image, (size, size), interpolation=INTERPOLATIONS[interpolation]
    )


def add_noise(image: np.ndarray, field: np.ndarray) -> np.ndarray:
    """Add a field rounded to whole numbers.

    Args:
        image (np.ndarray): (H, W, 3) uint8.
        field (np.ndarray): (H, W, 3), or (H, W, 1) for all channels alike,
            in gray levels.

    Returns:
        np.ndarray: (H, W, 3) uint8, clipped to [0, 255].
    """
    noisy = image + np.rint(field)
    return np.clip(noisy, 0, 255, out=noisy).astype(np.uint8)


def jpeg_quality(compression: int) -> int:
    """Pillow's quality for a compression of 0 (none) to 100 (most).

    Raises:
        ValueError: If the compression is out of its range.
    """
    if not 0 <= compression <= MAX_COMPRESSION:
        raise ValueError(
            f'Expected a compression of 0 to {MAX_COMPRESSION}, '
            f'got {compression}.'
        )
    return round(1 + 99 * (1 - compression / (MAX_COMPRESSION + 1)))


def jpeg(image: np.ndarray, compression: int) -> np.ndarray:
    """Write and read as JPEG, in memory.

    Args:
        image (np.ndarray): (H, W, 3) uint8 RGB.
        compression (int): 0 to 100, see :func:`jpeg_quality`.

    Returns:
        np.ndarray: (H, W, 3) uint8 RGB.
    """
    with io.BytesIO() as file:
        Image.fromarray(image).save(
            file, 'JPEG', quality=jpeg_quality(compression)
        )
        return np.array(Image.open(file))


STEPS: dict[str, Callable[..., np.ndarray]] = {
    step.__name__: step
    for step in (
        to_gray,
        gaussian_blur,
        average_blur,
        median_blur,
        motion_blur,
        resize,
        add_noise,
        jpeg,
    )
}


def take_steps(image: np.ndarray, steps: list[Step]) -> np.ndarray:
    """Take one step after the other.

    Args:
        image (np.ndarray): (H, W, 3) uint8 RGB; not changed.
        steps (list[tuple[str, dict]]): Names of ``STEPS`` with arguments.

    Returns:
        np.ndarray: The last image, uint8.
    """
    for name, arguments in steps:
        image = STEPS[name](image, **arguments)
    return image
