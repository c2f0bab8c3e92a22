# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The named LR kernels as functions, and ways to enlarge again."""

from collections.abc import Callable
from functools import cache, partial

import cv2
import numpy as np
from PIL import Image

from mmfacesr.apis.recipes import (
    kernel_names,
    recipe_of_kernel,
    reductions_of,
)
from mmfacesr.datasets.reductions import matlab_bicubic

SCALES = (8, 4)
"""Those that have named kernels."""
Kernel = Callable[[np.ndarray], np.ndarray]
Enlarger = Callable[[np.ndarray, int], np.ndarray]


@cache
def kernels_of(scale: int) -> dict[str, Kernel]:
    """Name -> function of an image (H, W, 3) uint8 to (H/s, W/s, 3) uint8.

    The recipes of ``configs/_base_/degradations``, without transforms.
    """
    return {
        name: partial(_reduce, recipe_of_kernel(name, scale))
        for name in kernel_names(scale)
    }


reductions = cache(reductions_of)


def _reduce(recipe: str, image: np.ndarray) -> np.ndarray:
    """Reduce an image by every step of a recipe."""
    for factor, reduce in reductions(recipe):
        height, width = image.shape[:2]
        size = round(width * factor), round(height * factor)
        image = reduce(image, size)
    return image


def by_pillow(image: np.ndarray, side: int) -> np.ndarray:
    """Resize an image to a square by Pillow's bicubic filter."""
    return np.array(Image.fromarray(image).resize((side, side), Image.BICUBIC))


def by_opencv(image: np.ndarray, side: int) -> np.ndarray:
    """Enlarge an image to a square by OpenCV's cubic interpolation."""
    return cv2.resize(image, (side, side), interpolation=cv2.INTER_CUBIC)


def by_matlab(image: np.ndarray, side: int) -> np.ndarray:
    """Enlarge an image to a square by MATLAB's bicubic ``imresize``."""
    return matlab_bicubic(image, (side, side))


ENLARGERS: dict[str, Enlarger] = dict(
    pillow=by_pillow, opencv=by_opencv, matlab=by_matlab
)
"""Bicubic enlargement of (h, h, 3) uint8 to a side, by library."""
