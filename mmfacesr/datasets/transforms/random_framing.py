# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Random framing of a face, its landmarks kept in step.

Keys and generator of random numbers as in ``face_crop``.
"""

import cv2
import numpy as np
from mmcv.transforms import BaseTransform

from mmfacesr.registry import TRANSFORMS

Range = tuple[float, float]


@TRANSFORMS.register_module()
class RandomFramingFace(BaseTransform):
    """Cut the central square out, turned, scaled, stretched and moved.

    One bicubic warp; where the result reaches beyond the image, the image is
    reflected.

    Required and modified: gt (uint8), gt_landmark (optional).

    Args:
        size (int): Side of the result in pixels. Defaults to 128.
        degrees (float): Standard deviation of the angle. Defaults to 5.
        scale (tuple[float]): Least and greatest enlargement. Defaults to
            (0.9, 1.15).
        stretch (tuple[float]): Least and greatest ratio of the enlargement
            across to that down. Defaults to (0.9, 1.2).
        shift (float): Greatest shift in pixels of the result, in x and in y.
            Defaults to 5.
    """

    def __init__(
        self,
        size: int = 128,
        degrees: float = 5.0,
        scale: Range = (0.9, 1.15),
        stretch: Range = (0.9, 1.2),
        shift: float = 5.0,
    ) -> None:
        for name, (low, high) in (('scale', scale), ('stretch', stretch)):
            if not 0 < low <= high:
                raise ValueError(
                    f'Expected {name} as 0 < least <= greatest, got '
                    f'{(low, high)}.'
                )
        self.size = size
        self.degrees = degrees
        self.scale = tuple(scale)
        self.stretch = tuple(stretch)
        self.shift = shift

    def transform(self, results: dict) -> dict:
        """Warp the image and its points.

        Args:
            results (dict): The sample.

        Returns:
            dict: The same sample, ``gt`` (size, size, 3) uint8.
        """
        matrix = self._draw_matrix(results['gt'].shape[:2])
        results['gt'] = cv2.warpAffine(
            results['gt'],
            matrix,
            (self.size, self.size),
            flags=cv2.INTER_CUBIC,
            borderMode=cv2.BORDER_REFLECT_101,
        )
        if 'gt_landmark' in results:
            points = results['gt_landmark'] @ matrix[:, :2].T + matrix[:, 2]
            results['gt_landmark'] = points.astype(np.float32)
        return results

    def _draw_matrix(self, shape: tuple[int, int]) -> np.ndarray:
        """Draw the (2, 3) map from pixels of the image to the result's."""
        angle = np.radians(np.random.normal(0, self.degrees))
        scale = np.random.uniform(*self.scale)
        root = np.sqrt(np.random.uniform(*self.stretch))
        turn = np.array(
            [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
        )
        linear = np.diag([scale * root, scale / root]) @ turn
        middle = (np.array(shape[::-1]) - 1) / 2
        place = (self.size - 1) / 2 + np.random.uniform(
            -self.shift, self.shift, 2
        )
        return np.column_stack([linear, place - linear @ middle])

    def __repr__(self) -> str:
        """Show the arguments."""
        return (
            f'{type(self).__name__}(size={self.size}, '
            f'degrees={self.degrees}, scale={self.scale}, '
            f'stretch={self.stretch}, shift={self.shift})'
        )
