# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Resizing images as MATLAB and PyTorch do, to 8 bit."""

from collections.abc import Callable
from functools import cache

import numpy as np

LARGEST = 255
REACH = 2  # of the cubic kernel to either side, in pixels of the small image


def matlab_bicubic(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resize as MATLAB's ``imresize(image, size, 'bicubic')``.

    Keys' cubic kernel with a = -0.5, as wide as the factor of a reduction;
    the image is mirrored at its border. In float64 and rounded once, half up,
    as of an image that MATLAB holds as double. One that it holds as uint8 it
    also rounds between the two directions: a level more or less at times.

    Args:
        image (np.ndarray): (H, W, 3) uint8.
        size (tuple[int, int]): Width and height of the result.

    Returns:
        np.ndarray: (height, width, 3) uint8.
    """
    rows, columns = map(_cubic_weights, image.shape[:2], size[::-1])
    found = np.einsum('ah,hwc,bw->abc', rows, image, columns, optimize=True)
    return to_8_bit(found)


def torch_antialias(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Reduce by PyTorch's bicubic interpolation with antialias, in float32.

    Args:
        image (np.ndarray): (H, W, 3) uint8.
        size (tuple[int, int]): Width and height of the result.

    Returns:
        np.ndarray: (height, width, 3) uint8, rounded half up.
    """
    import torch

    batch = torch.from_numpy(image.astype(np.float32)).permute(2, 0, 1)[None]
    found = torch.nn.functional.interpolate(
        batch, size=size[::-1], mode='bicubic', antialias=True
    )
    return to_8_bit(found[0].permute(1, 2, 0).numpy())


def to_8_bit(pixels: np.ndarray) -> np.ndarray:
    """Round half up and clip to [0, 255], uint8."""
    return np.floor(pixels + 0.5).clip(0, LARGEST).astype(np.uint8)


@cache
def _cubic_weights(side: int, wanted: int) -> np.ndarray:
    """(wanted, side) float64: what each pixel gives to each of the result."""
    factor = side / wanted
    stretch = max(factor, 1.0)
    centers = (np.arange(wanted) + 0.5) * factor - 0.5
    border = int(np.ceil(REACH * stretch))
    places = np.arange(-border, side + border)
    weights = _cubic((centers[:, None] - places) / stretch)
    weights /= weights.sum(1, keepdims=True)
    mirrored = np.pad(np.arange(side), border, 'symmetric')
    found = np.zeros((wanted, side))
    np.add.at(found.T, mirrored, weights.T)
    return found


def _cubic(x: np.ndarray) -> np.ndarray:
    """Keys' cubic kernel, a = -0.5."""
    x = np.abs(x)
    inner = (1.5 * x - 2.5) * x**2 + 1
    outer = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return np.where(x <= 1, inner, np.where(x < REACH, outer, 0.0))


REDUCTIONS: dict[str, Callable[[np.ndarray, tuple[int, int]], np.ndarray]] = (
    dict(matlab_bicubic=matlab_bicubic, torch_antialias=torch_antialias)
)
"""Name -> function, of those that MMagic's ``Resize`` has not."""
