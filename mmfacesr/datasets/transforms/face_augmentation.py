# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Random changes of a face image, its landmarks kept in step.

Keys and generator of random numbers as in ``face_crop``.
"""

import cv2
import numpy as np
from mmcv.transforms import BaseTransform

from mmfacesr.datasets.transforms.face_crop import move_landmark
from mmfacesr.faces.schemes import flip_indices
from mmfacesr.registry import TRANSFORMS

IMAGES = ('gt', 'gt_x4', 'gt_x2', 'img')
"""The face and what was made of it before, or read beside it."""


def _images_of(results: dict) -> list[str]:
    """The images that a sample has."""
    return [key for key in IMAGES if key in results]


@TRANSFORMS.register_module()
class RandomFlipFace(BaseTransform):
    """Mirror image and points; left and right points change places.

    Required and modified: gt, gt_x4, gt_x2 and img (optional), gt_landmark
    (optional, 68 or 5 points).

    Args:
        prob (float): Probability of the mirror. Defaults to 0.5.
    """

    def __init__(self, prob: float = 0.5) -> None:
        if not 0 <= prob <= 1:
            raise ValueError(f'Expected prob in [0, 1], got {prob}.')
        self.prob = prob

    def transform(self, results: dict) -> dict:
        """Mirror with the given probability.

        Args:
            results (dict): The sample.

        Returns:
            dict: The same sample, mirrored or not.

        Raises:
            ValueError: If no mirror order is known for that many points.
        """
        if np.random.random() >= self.prob:
            return results
        return self.mirror(results)

    @staticmethod
    def mirror(results: dict) -> dict:
        """Mirror a sample; its arrays are replaced, not changed."""
        for key in _images_of(results):
            results[key] = cv2.flip(results[key], 1)
        if 'gt_landmark' in results:
            points = results['gt_landmark']
            points = points[flip_indices(len(points))]  # indexing copies
            points[:, 0] = results['gt'].shape[1] - 1 - points[:, 0]
            results['gt_landmark'] = points
        return results

    def __repr__(self) -> str:
        """Show the arguments."""
        return f'{type(self).__name__}(prob={self.prob})'


@TRANSFORMS.register_module()
class RandomRotate90Face(BaseTransform):
    """Rotate by 0, 90, 180 or 270 degrees, each with probability 1/4.

    Source: the Helen recipe of DIC (CVPR 2020). Differs: the points are
    rotated too. Their order stays: a rotation does not swap left and right
    of the face.

    Required and modified: gt, gt_x4, gt_x2 and img (optional), gt_landmark
    (optional).
    """

    def transform(self, results: dict) -> dict:
        """Rotate counter-clockwise by a random number of quarter turns.

        Args:
            results (dict): The sample.

        Returns:
            dict: The same sample, rotated.
        """
        for _ in range(np.random.randint(4)):
            self._quarter_turn(results)
        return results

    @staticmethod
    def _quarter_turn(results: dict) -> None:
        """Rotate by 90 degrees: (x, y) becomes (y, W - 1 - x)."""
        width = results['gt'].shape[1]
        for key in _images_of(results):
            results[key] = np.ascontiguousarray(np.rot90(results[key]))
        if 'gt_landmark' in results:
            x, y = results['gt_landmark'].T
            results['gt_landmark'] = np.stack([y, width - 1 - x], 1)

    def __repr__(self) -> str:
        """Show the name; there are no arguments."""
        return f'{type(self).__name__}()'


@TRANSFORMS.register_module()
class RandomAspectCropFace(BaseTransform):
    """Cut a random aspect ratio out of the face and keep all points.

    One side of the image is kept, the other shortened so that width / height
    changes by a random factor; the place of the crop is random too. The crop
    is widened where a point would fall out, as far as the image goes; the
    ResizeFace after it makes the square again.

    Source: the Helen recipe of DIC (CVPR 2020), aspect ratio 0.66 to 1.33
    with all points inside. Differs: written from that description alone.

    Required and modified: gt, gt_landmark (optional).

    Args:
        ratio_range (tuple[float]): Smallest and largest factor on width /
            height. Defaults to (0.66, 1.33).
    """

    def __init__(
        self, ratio_range: tuple[float, float] = (0.66, 1.33)
    ) -> None:
        low, high = ratio_range
        if not 0 < low <= high:
            raise ValueError(
                f'Expected ratio_range as 0 < low <= high, got {ratio_range}.'
            )
        self.ratio_range = (low, high)

    def transform(self, results: dict) -> dict:
        """Crop to a random aspect ratio.

        Args:
            results (dict): The sample.

        Returns:
            dict: The same sample; ``gt`` is no longer square.
        """
        ratio = np.random.uniform(*self.ratio_range)
        axis = 0 if ratio < 1 else 1  # shorten x (narrower) or y (flatter)
        size = results['gt'].shape[1 - axis]
        length = max(round(size * min(ratio, 1 / ratio)), 1)
        start = np.random.randint(size - length + 1)
        start, stop = self._around_points(results, axis, start, start + length)
        cut = (slice(None), slice(start, stop))
        results['gt'] = np.ascontiguousarray(
            results['gt'][cut if axis == 0 else cut[::-1]]
        )
        corner = (start, 0) if axis == 0 else (0, start)
        move_landmark(results, *corner)
        return results

    @staticmethod
    def _around_points(
        results: dict, axis: int, start: int, stop: int
    ) -> tuple[int, int]:
        """Widen start..stop-1 to hold all points, inside the image."""
        if 'gt_landmark' in results:
            values = results['gt_landmark'][:, axis]
            start = min(start, int(np.floor(values.min())))
            stop = max(stop, int(np.ceil(values.max())) + 1)
        return max(start, 0), min(stop, results['gt'].shape[1 - axis])

    def __repr__(self) -> str:
        """Show the arguments."""
        return f'{type(self).__name__}(ratio_range={self.ratio_range})'
