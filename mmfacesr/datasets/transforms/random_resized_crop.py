# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""SPARNet's random crop of a face, its landmarks kept in step.

Keys and generator of random numbers as in ``face_crop``.
"""

import math

import numpy as np
from mmcv.transforms import BaseTransform

from mmfacesr.datasets.transforms.face_crop import (
    ResizeFace,
    crop_padded,
    move_landmark,
)
from mmfacesr.registry import TRANSFORMS

# The released code draws s from U[1, 1.3) and crops if int(128 s) > 128.
RELEASED_PROB = 1 - 1 / (0.3 * 128)
MAX_TRIES = 10


@TRANSFORMS.register_module()
class RandomResizedCropFace(BaseTransform):
    """Cut a random part of random proportions and squeeze it to a square.

    Source: the CelebA training data of Chen et al., Learning Spatial
    Attention for Face Super-Resolution, arXiv 2012.01211, as released: the
    random resized crop of torchvision, left out in 1 of 38 images. Differs:
    the image that is left whole is resized as well, so that images of any
    size make batches; landmarks follow.

    Required and modified: gt (uint8), gt_landmark (optional). Points of what
    is cut off lie outside the result.

    Args:
        size (int): Side of the result in pixels. Defaults to 128.
        scale (tuple[float]): Least and greatest share of the area that is
            kept. Defaults to (0.7, 1.0).
        ratio (tuple[float]): Least and greatest width / height of the part.
            Defaults to (3 / 4, 4 / 3).
        prob (float): Probability of a crop; otherwise the image is only
            resized. Defaults to 1 - 1 / 38.4 = 0.974.
    """

    def __init__(
        self,
        size: int = 128,
        scale: tuple[float, float] = (0.7, 1.0),
        ratio: tuple[float, float] = (3 / 4, 4 / 3),
        prob: float = RELEASED_PROB,
    ) -> None:
        if not 0 < scale[0] <= scale[1] <= 1:
            raise ValueError(
                f'Expected scale as 0 < least <= greatest <= 1, got {scale}.'
            )
        if not 0 < ratio[0] <= ratio[1]:
            raise ValueError(
                f'Expected ratio as 0 < least <= greatest, got {ratio}.'
            )
        if not 0 <= prob <= 1:
            raise ValueError(f'Expected prob in [0, 1], got {prob}.')
        self.scale = tuple(scale)
        self.ratio = tuple(ratio)
        self.prob = prob
        self._resize = ResizeFace(size)

    def transform(self, results: dict) -> dict:
        """Crop with the given probability, and resize.

        Args:
            results (dict): The sample.

        Returns:
            dict: The same sample, ``gt`` (size, size, 3) uint8.

        Raises:
            TypeError: If ``gt`` is not uint8.
        """
        if np.random.random() < self.prob:
            height, width = results['gt'].shape[:2]
            x, y, w, h = self._draw_box(width, height)
            results['gt'] = crop_padded(results['gt'], (x, y, x + w, y + h))
            move_landmark(results, x, y)
        return self._resize.transform(results)

    def _draw_box(self, width: int, height: int) -> tuple[int, int, int, int]:
        """Draw x, y, w, h of a part; the central one if no draw fits."""
        for _ in range(MAX_TRIES):
            area = width * height * np.random.uniform(*self.scale)
            ratio = math.exp(np.random.uniform(*np.log(self.ratio)))
            w = round(math.sqrt(area * ratio))
            h = round(math.sqrt(area / ratio))
            if 0 < w <= width and 0 < h <= height:
                y = np.random.randint(height - h + 1)
                x = np.random.randint(width - w + 1)
                return x, y, w, h
        return self._central_box(width, height)

    def _central_box(
        self, width: int, height: int
    ) -> tuple[int, int, int, int]:
        """The greatest central part with proportions in the range."""
        ratio = min(max(width / height, self.ratio[0]), self.ratio[1])
        w = max(min(width, round(height * ratio)), 1)
        h = max(min(height, round(width / ratio)), 1)
        return (width - w) // 2, (height - h) // 2, w, h

    def __repr__(self) -> str:
        """Show the arguments."""
        return (
            f'{type(self).__name__}(size={self._resize.size}, '
            f'scale={self.scale}, ratio={self.ratio}, prob={self.prob})'
        )
