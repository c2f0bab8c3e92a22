# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Geometry of a face image and its landmarks, kept in step.

Each transform acts on ``gt`` (H, W, 3) uint8 and, where the sample has it,
on ``gt_landmark`` (K, 2) float32 x, y in pixels of ``gt``, pixel centers at
integers. They draw from NumPy's global generator, which mmengine seeds in
every worker.
"""

from typing import Literal, Optional

import numpy as np
from mmcv.transforms import BaseTransform
from PIL import Image

from mmfacesr.registry import TRANSFORMS
from mmfacesr.utils.bad_samples import BadSampleError

Box = tuple[int, int, int, int]
FILTERS = dict(
    bicubic=Image.Resampling.BICUBIC, bilinear=Image.Resampling.BILINEAR
)
"""Pillow's antialiased filters by their names."""


def crop_padded(image: np.ndarray, box: Box) -> np.ndarray:
    """Cut a box out of an image; pixels outside it are reflected.

    Args:
        image (np.ndarray): (H, W, C).
        box (tuple[int]): x0, y0, x1, y1, end-exclusive; it may lie outside.

    Returns:
        np.ndarray: (y1 - y0, x1 - x0, C), contiguous.
    """
    height, width = image.shape[:2]
    x0, y0, x1, y1 = box
    if x0 >= 0 and y0 >= 0 and x1 <= width and y1 <= height:
        return image[y0:y1, x0:x1].copy()
    rows = _reflected(y0, y1, height)
    cols = _reflected(x0, x1, width)
    return np.ascontiguousarray(image[rows[:, None], cols])


def _reflected(start: int, stop: int, size: int) -> np.ndarray:
    """Indices start..stop-1 folded into 0..size-1, edges not repeated."""
    period = max(2 * size - 2, 1)
    index = np.arange(start, stop) % period
    return np.where(index < size, index, period - index)


def move_landmark(results: dict, x0: float, y0: float) -> None:
    """Follow a crop whose corner is pixel (x0, y0)."""
    if 'gt_landmark' in results:
        corner = np.array([x0, y0], np.float32)
        results['gt_landmark'] = results['gt_landmark'] - corner


@TRANSFORMS.register_module()
class CropFace(BaseTransform):
    """Cut the square that holds the face.

    With ``box`` (x0, y0, x1, y1, end-exclusive) in the sample: the square
    around its center whose side is its longer one, scaled by ``box_scale``
    and rounded to whole pixels; where it leaves the image, the image is
    reflected (mirrored as often as needed). Without: the central square of
    ``crop_size`` pixels of the sample, or the largest one if that is None.

    Required: gt, gt_landmark (optional), box (optional), crop_size
    (optional), file or gt_path (optional, named in errors).
    Modified: gt, gt_landmark.

    Args:
        crop_size (int, optional): Replaces the sample's ``crop_size``.
            Defaults to None, keep the sample's.
        box_scale (float): Side of the crop over the longer side of the box.
            Defaults to 1.0.
    """

    def __init__(
        self, crop_size: Optional[int] = None, box_scale: float = 1.0
    ) -> None:
        if crop_size is not None and crop_size < 1:
            raise ValueError(
                'Expected crop_size to be None or at least 1, '
                f'got {crop_size}.'
            )
        if not box_scale > 0:
            raise ValueError(f'Expected a box_scale above 0, got {box_scale}.')
        self.crop_size = crop_size
        self.box_scale = box_scale

    def transform(self, results: dict) -> dict:
        """Crop the image and move the points.

        Args:
            results (dict): The sample.

        Returns:
            dict: The same sample, cropped.

        Raises:
            BadSampleError: If the image is smaller than ``crop_size`` or
                the box is empty or not finite; names the file.
        """
        if results.get('box') is not None:
            box = self._square_around(results)
        else:
            box = self._central_square(results)
        results['gt'] = crop_padded(results['gt'], box)
        move_landmark(results, box[0], box[1])
        return results

    def _square_around(self, results: dict) -> Box:
        """Square crop around the box of the sample."""
        x0, y0, x1, y1 = (float(v) for v in results['box'])
        side = max(x1 - x0, y1 - y0) * self.box_scale
        if not (np.isfinite([x0, y0, x1, y1]).all() and x1 > x0 and y1 > y0):
            raise BadSampleError(
                _name(results),
                'expected a box x0 < x1, y0 < y1, got '
                f'{x0, y0, x1, y1}; correct or remove it',
            )
        side = max(round(side), 1)
        left = round((x0 + x1 - side) / 2)
        top = round((y0 + y1 - side) / 2)
        return left, top, left + side, top + side

    def _central_square(self, results: dict) -> Box:
        """Square crop around the center of the image."""
        height, width = results['gt'].shape[:2]
        side = self.crop_size or results.get('crop_size') or min(height, width)
        if side > min(height, width):
            raise BadSampleError(
                _name(results),
                f'expected an image of at least {side}x{side} '
                f'pixels (crop_size), got {width}x{height}; set crop_size to '
                'at most the shorter side, or to None for the largest '
                'central square',
            )
        left, top = (width - side) // 2, (height - side) // 2
        return left, top, left + side, top + side

    def __repr__(self) -> str:
        """Show the arguments."""
        return (
            f'{type(self).__name__}(crop_size={self.crop_size}, '
            f'box_scale={self.box_scale})'
        )


def _name(results: dict) -> str:
    """Name of the sample for messages."""
    return str(results.get('file') or results.get('gt_path') or 'unnamed')


@TRANSFORMS.register_module()
class ResizeFace(BaseTransform):
    """Resize to a square with a filter of Pillow, in 8 bit.

    Byte-equal to Pillow, a no-op at the right size. A point p becomes
    (p + .5) s - .5, with s of each axis.

    Required and modified: gt, gt_landmark (optional).

    Args:
        size (int): Side of the result in pixels. Defaults to 128.
        interpolation ('bicubic' | 'bilinear'): The filter. Defaults to
            'bicubic'.
        only_reduce (bool): Whether images whose sides are at most ``size``
            stay as they are. Defaults to False.
    """

    def __init__(
        self,
        size: int = 128,
        interpolation: Literal['bicubic', 'bilinear'] = 'bicubic',
        only_reduce: bool = False,
    ) -> None:
        if size < 1:
            raise ValueError(f'Expected a size of at least 1, got {size}.')
        if interpolation not in FILTERS:
            raise ValueError(
                f'Expected interpolation from {list(FILTERS)}, '
                f'got {interpolation!r}.'
            )
        self.size = size
        self.interpolation = interpolation
        self.only_reduce = only_reduce

    def transform(self, results: dict) -> dict:
        """Resize the image and scale the points.

        Args:
            results (dict): The sample; ``gt`` must be uint8.

        Returns:
            dict: The same sample, ``gt`` (size, size, 3) uint8; smaller if it
            was and is only to be reduced.

        Raises:
            TypeError: If ``gt`` is not uint8.
        """
        image = results['gt']
        if image.dtype != np.uint8:
            raise TypeError(
                f'Expected gt as uint8, got {image.dtype}; resize '
                'before converting to float.'
            )
        height, width = image.shape[:2]
        if (height, width) == (self.size, self.size):
            return results
        if self.only_reduce and max(height, width) <= self.size:
            return results
        resized = Image.fromarray(image).resize(
            (self.size, self.size), FILTERS[self.interpolation]
        )
        results['gt'] = np.array(resized)
        if 'gt_landmark' in results:
            scale = np.array(
                [self.size / width, self.size / height], np.float32
            )
            results['gt_landmark'] = (
                results['gt_landmark'] + np.float32(0.5)
            ) * scale - np.float32(0.5)
        return results

    def __repr__(self) -> str:
        """Show the arguments."""
        return (
            f'{type(self).__name__}(size={self.size}, '
            f'interpolation={self.interpolation!r}, '
            f'only_reduce={self.only_reduce})'
        )
