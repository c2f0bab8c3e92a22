# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Small random rotations and random colors of a face.

Keys as in ``face_crop``. Place both after the resize and before the
degradation, so that all scales of a face agree.
"""

import numpy as np
from mmcv.transforms import BaseTransform
from PIL import Image

from mmfacesr.registry import TRANSFORMS


def rotate_points(
    points: np.ndarray, degrees: float, size: tuple[int, int]
) -> np.ndarray:
    """Turn points as Pillow turns an image: counter-clockwise to the eye.

    Args:
        points (np.ndarray): (K, 2) x, y, y downwards, pixel centers at
            integers.
        degrees (float): The angle.
        size (tuple[int]): (h, w) of the image, whose middle stays.

    Returns:
        np.ndarray: (K, 2) float32.
    """
    height, width = size
    middle = np.array([width - 1, height - 1]) / 2
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turn = np.array([[cos, sin], [-sin, cos]])
    return ((points - middle) @ turn.T + middle).astype(np.float32)


@TRANSFORMS.register_module()
class RandomRotateFace(BaseTransform):
    """Rotate by an angle of a uniform distribution; corners become black.

    Pillow's bilinear filter in 8 bit; the size stays. MMagic's
    ``RandomRotation`` turns by OpenCV and leaves the points behind.

    Source: the augmentation of Kim et al., Progressive Face Super-Resolution
    via Attention to Facial Landmark, arXiv 1908.08239. Differs: the points
    are rotated too.

    Required and modified: gt (uint8), gt_landmark (optional).

    Args:
        degrees (float): Largest angle to either side, in [0, 180]. Defaults
            to 20.
    """

    def __init__(self, degrees: float = 20) -> None:
        if not 0 <= degrees <= 180:
            raise ValueError(f'Expected degrees in [0, 180], got {degrees}.')
        self.degrees = degrees

    def transform(self, results: dict) -> dict:
        """Rotate by a random angle.

        Args:
            results (dict): The sample.

        Returns:
            dict: The same sample, rotated.

        Raises:
            TypeError: If ``gt`` is not uint8.
        """
        degrees = np.random.uniform(-self.degrees, self.degrees)
        image = _to_pillow(results['gt'])
        image = image.rotate(degrees, Image.Resampling.BILINEAR)
        results['gt'] = np.array(image)
        if 'gt_landmark' in results:
            results['gt_landmark'] = rotate_points(
                results['gt_landmark'], degrees, results['gt'].shape[:2]
            )
        return results

    def __repr__(self) -> str:
        """Show the arguments."""
        return f'{type(self).__name__}(degrees={self.degrees})'


@TRANSFORMS.register_module()
class ColorJitterFace(BaseTransform):
    """Change brightness, contrast, saturation and hue in a random order.

    torchvision's ``ColorJitter`` on the 8-bit image. It draws from torch's
    global generator, which mmengine seeds in every worker. MMagic's own
    wrapper seeds that generator anew for every image, which without workers
    is the training's.

    Source: as ``RandomRotateFace``. Differs: none.

    Required and modified: gt, uint8 RGB.

    Args:
        brightness (float | tuple[float]): Factor is 1 +- this, at least 0; or
            its least and greatest value. Defaults to 0.4.
        contrast (float | tuple[float]): As brightness. Defaults to 0.4.
        saturation (float | tuple[float]): As brightness. Defaults to 0.4.
        hue (float): Shift of the hue to either side, in turns of the color
            circle, in [0, 0.5]. Defaults to 0.1.
    """

    def __init__(
        self,
        brightness: float | tuple[float, float] = 0.4,
        contrast: float | tuple[float, float] = 0.4,
        saturation: float | tuple[float, float] = 0.4,
        hue: float = 0.1,
    ) -> None:
        from torchvision.transforms import ColorJitter

        self._jitter = ColorJitter(brightness, contrast, saturation, hue)
        self._arguments = (
            f'brightness={brightness}, contrast={contrast}, '
            f'saturation={saturation}, hue={hue}'
        )

    def transform(self, results: dict) -> dict:
        """Change the colors.

        Args:
            results (dict): The sample.

        Returns:
            dict: The same sample.

        Raises:
            TypeError: If ``gt`` is not uint8.
        """
        results['gt'] = np.array(self._jitter(_to_pillow(results['gt'])))
        return results

    def __repr__(self) -> str:
        """Show the arguments."""
        return f'{type(self).__name__}({self._arguments})'


def _to_pillow(image: np.ndarray) -> Image.Image:
    """(H, W, 3) uint8 as an image; refuse what is not 8-bit."""
    if image.dtype != np.uint8:
        raise TypeError(
            f'Expected gt as uint8, got {image.dtype}; augment before '
            'converting to float.'
        )
    return Image.fromarray(image)
