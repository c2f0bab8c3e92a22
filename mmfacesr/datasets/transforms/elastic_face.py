# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Random smooth bending of a face, its landmarks kept in step.

Keys and generator of random numbers as in ``face_crop``.
"""

import cv2
import numpy as np
from mmcv.transforms import BaseTransform

from mmfacesr.registry import TRANSFORMS

STEPS = 5  # of the fixed-point search for a moved point


@TRANSFORMS.register_module()
class RandomElasticFace(BaseTransform):
    """Move every place of a face a little, its neighbors much alike.

    Drawn faces have their features where the drawing puts them, in shapes
    that it knows. Bent ones have them in more places and shapes; a network
    that is trained on them guesses less boldly, which suits real faces.

    Shifts are drawn from a normal distribution at the points of a coarse
    grid, bicubic in between. The image is warped once, bicubic; beyond its
    edge it is reflected.

    Source: elastic distortions of Simard et al., Best Practices for
    Convolutional Neural Networks, ICDAR 2003. Differs: a grid in place of
    smoothed noise of every pixel. albumentations' ElasticTransform (1.3.1)
    has no points and random numbers of its own.

    Required and modified: gt (uint8), gt_landmark (optional).

    Args:
        amplitude (float): Standard deviation of the shifts in pixels, in x
            and in y. Defaults to 4.
        spacing (float): Between points of the grid, in pixels. Defaults to
            32.
    """

    def __init__(self, amplitude: float = 4.0, spacing: float = 32.0) -> None:
        if not (amplitude >= 0 and spacing > 0):
            raise ValueError(
                'Expected amplitude of at least 0 and spacing above 0, got '
                f'{amplitude} and {spacing}.'
            )
        self.amplitude = amplitude
        self.spacing = spacing

    def transform(self, results: dict) -> dict:
        """Bend the image and its points.

        Args:
            results (dict): The sample.

        Returns:
            dict: The same sample; the shape of ``gt`` stays.
        """
        height, width = results['gt'].shape[:2]
        x, y = np.meshgrid(
            np.arange(width, dtype=np.float32),
            np.arange(height, dtype=np.float32),
        )
        right, down = (self._draw_field(height, width) for _ in 'xy')
        results['gt'] = cv2.remap(
            results['gt'],
            x - right,
            y - down,
            cv2.INTER_CUBIC,
            borderMode=cv2.BORDER_REFLECT_101,
        )
        if 'gt_landmark' in results:
            points = moved = results['gt_landmark'].astype(np.float32)
            for _ in range(STEPS):  # where does the shift lead to from here?
                shift = [
                    cv2.remap(field, moved[:, None], None, cv2.INTER_LINEAR)
                    for field in (right, down)
                ]
                moved = points + np.hstack(shift)
            results['gt_landmark'] = moved
        return results

    def _draw_field(self, height: int, width: int) -> np.ndarray:
        """Draw shifts of all pixels along one axis, (height, width)."""
        shape = [2 + round(side / self.spacing) for side in (height, width)]
        grid = np.random.normal(0, self.amplitude, shape).astype(np.float32)
        return cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC)

    def __repr__(self) -> str:
        """Show the arguments."""
        return (
            f'{type(self).__name__}(amplitude={self.amplitude}, '
            f'spacing={self.spacing})'
        )
