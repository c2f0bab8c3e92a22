# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The random bad photograph of a good one, for blind restoration."""

import os
import zlib
from dataclasses import fields
from typing import Any, Optional

import numpy as np
from mmcv.transforms import BaseTransform

from mmfacesr.datasets.blind_recipe import BlindRanges, Draws
from mmfacesr.datasets.blind_steps import take_steps, to_gray
from mmfacesr.registry import TRANSFORMS


@TRANSFORMS.register_module()
class DegradeBlindly(BaseTransform):
    """Gray, blur, shrink, add noise, compress and enlarge, all at random.

    In this order: ground truth and input become gray; one blur, Gaussian,
    average, median or motion; a resize to a small square, nearest, linear,
    area or cubic, each as often; noise, in half of its cases the same in all
    channels; JPEG; a cubic resize to the size of the input.

    Source: the FFHQ training data of Chen et al., Learning Spatial Attention
    for Face Super-Resolution, arXiv 2012.01211, with the ranges of the
    released code. Differs: ``output_size`` and ``seed`` are additions.

    Required: gt, square uint8 RGB; file, if ``seed`` is given.
    Modified: gt, where it becomes gray. Added: img (output_size,
    output_size, 3) uint8 RGB, ori_img_shape, img_channel_order,
    img_color_type: what MMagic's ``Resize`` adds, so that samples of both
    make one batch.

    Args:
        ranges (dict, optional): What differs from the released values, see
            :class:`mmfacesr.datasets.blind_recipe.BlindRanges`. Defaults to
            None, nothing.
        output_size (int, optional): Side of ``img``, at least that of the
            small image. Defaults to None, that of ``gt``.
        seed (int, optional): If given, the draws follow from it and the name
            of the file: the same in every epoch, order and number of
            workers, as validation needs it. Defaults to None, NumPy's global
            generator, which mmengine seeds in every worker.
    """

    def __init__(
        self,
        ranges: Optional[dict[str, Any]] = None,
        output_size: Optional[int] = None,
        seed: Optional[int] = None,
    ) -> None:
        known = [field.name for field in fields(BlindRanges)]
        unknown = sorted(set(ranges or {}) - set(known))
        if unknown:
            raise ValueError(f'Expected ranges of {known}, got {unknown}.')
        self.ranges = BlindRanges(**(ranges or {}))
        if output_size is not None:
            self._check_side(output_size, 'output_size')
        self.output_size = output_size
        self.seed = seed

    def transform(self, results: dict) -> dict:
        """Add the input; make the ground truth gray or leave it.

        Args:
            results (dict): The sample.

        Returns:
            dict: The same sample with ``img``.

        Raises:
            TypeError: If gt is not uint8.
            ValueError: If gt is not a square RGB image, is smaller than the
                small image, or the sample has no file and there is a seed.
        """
        side = self._checked_side(results)
        draws = self._draws_of(results)
        if draws.random() < self.ranges.gray_prob:
            results['gt'] = to_gray(results['gt'])
        steps = self.ranges.draw_steps(draws, self.output_size or side)
        results['img'] = take_steps(results['gt'], steps)
        results['ori_img_shape'] = results['img'].shape
        results['img_channel_order'] = 'rgb'
        results['img_color_type'] = 'color'
        return results

    def _draws_of(self, results: dict) -> Draws:
        """The generator of random numbers for a sample."""
        if self.seed is None:
            return np.random
        if 'file' not in results:
            raise ValueError(
                'Expected a sample with the name of its file, got none; load '
                'it by FaceFolder, or leave out the seed.'
            )
        name = f'{self.seed}:{results["file"]}'
        return np.random.RandomState(zlib.crc32(os.fsencode(name)))

    def _checked_side(self, results: dict) -> int:
        """Side of the ground truth; refuse what the steps cannot take."""
        image = results['gt']
        if image.dtype != np.uint8:
            raise TypeError(
                f'Expected gt as uint8, got {image.dtype}; degrade before '
                'converting to float.'
            )
        order = results.get('gt_channel_order', 'rgb')
        side = image.shape[0]
        if image.shape != (side, side, 3) or order != 'rgb':
            raise ValueError(
                'Expected gt as a square RGB image (H, H, 3), got '
                f'{image.shape} {order}; put LoadFaceImage, CropFace and '
                'ResizeFace before.'
            )
        self._check_side(side, 'gt')
        return side

    def _check_side(self, side: int, what: str) -> None:
        """The small image must not be the larger one."""
        largest = self.ranges.small_size[1]
        if side < largest:
            raise ValueError(
                f'Expected {what} of at least {largest} pixels, got {side}; '
                'set small_size in ranges to smaller sides.'
            )

    def __repr__(self) -> str:
        """Show the arguments."""
        return (
            f'{type(self).__name__}({self.ranges}, '
            f'output_size={self.output_size}, seed={self.seed})'
        )
