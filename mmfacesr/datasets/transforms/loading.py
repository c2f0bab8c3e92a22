# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Reading images at the start of a pipeline."""

from typing import Literal

from mmcv.transforms import BaseTransform

from mmfacesr.registry import TRANSFORMS
from mmfacesr.utils.bad_samples import BadSampleError
from mmfacesr.utils.images import read_image


@TRANSFORMS.register_module()
class LoadFaceImage(BaseTransform):
    """Read an image as 8-bit RGB, whatever its format, or name its fault.

    MMagic's ``LoadImageFromFile`` returns None for a damaged file and cuts
    16-bit images; see :func:`mmfacesr.utils.images.read_image` for what this
    does instead.

    Needs ``{key}_path``. Adds ``{key}`` (H, W, 3) uint8 in [0, 255],
    ``ori_{key}_shape`` (H, W, 3), ``{key}_channel_order`` 'rgb' and
    ``{key}_color_type`` 'color'.

    Args:
        key (str): 'gt' for the ground truth, 'img' for a low-resolution
            input. Defaults to 'gt'.
        min_size (int): Smallest allowed side in pixels. Defaults to 8, the
            smallest input of any network here.
    """

    def __init__(
        self, key: Literal['gt', 'img'] = 'gt', min_size: int = 8
    ) -> None:
        if key not in ('gt', 'img'):
            raise ValueError(f"Expected key 'gt' or 'img', got {key!r}.")
        self.key = key
        self.min_size = min_size

    def transform(self, results: dict) -> dict:
        """Read the image.

        Raises:
            UnreadableImageError: If the file cannot be used; see
                :func:`mmfacesr.utils.images.read_image`.
        """
        image = read_image(results[f'{self.key}_path'], self.min_size)
        results[self.key] = image
        results[f'ori_{self.key}_shape'] = image.shape
        results[f'{self.key}_channel_order'] = 'rgb'
        results[f'{self.key}_color_type'] = 'color'
        return results

    def __repr__(self) -> str:
        return (
            f'{self.__class__.__name__}(key={self.key!r}, '
            f'min_size={self.min_size})'
        )


@TRANSFORMS.register_module()
class TakeAsInput(BaseTransform):
    """Make the face itself the network's input.

    For networks that read the HR face, and for restoring, where there is
    nothing to degrade. MMagic's ``CopyValues`` would leave out the channel
    order, and the preprocessor would then take the image for BGR.

    Needs ``gt`` with its channel order. Adds ``img`` and its own.
    """

    def transform(self, results: dict) -> dict:
        """Copy the image with what is known of it."""
        results['img'] = results['gt'].copy()
        results['img_channel_order'] = results['gt_channel_order']
        results['img_color_type'] = results['gt_color_type']
        return results


@TRANSFORMS.register_module()
class CheckLRFile(BaseTransform):
    """Compare an LR file with what the degradation would have made.

    It takes the place of that step where a dataset has LR files of its own.

    Needs ``gt``, ``img`` and ``ori_gt_shape``; changes nothing.

    Args:
        instead_of (dict): The step that makes ``img`` of this size.
    """

    def __init__(self, instead_of: dict) -> None:
        self.instead_of = instead_of
        self.degrade = TRANSFORMS.build(instead_of)

    def transform(self, results: dict) -> dict:
        """Compare the sizes.

        Raises:
            BadSampleError: If the face was cropped or resized, which its LR
                file was not, or the file has another size.
        """
        name = str(results.get('file') or results.get('gt_path'))
        height, width = results['gt'].shape[:2]
        if (height, width) != tuple(results['ori_gt_shape'][:2]):
            was = results['ori_gt_shape']
            raise BadSampleError(
                name,
                f'expected a face of {width}x{height} pixels, because its LR '
                f'file is used as it is, got {was[1]}x{was[0]}; crop and '
                'resize the faces and their LR files before',
            )
        wanted = self.degrade(dict(results))['img'].shape[:2]
        got = results['img'].shape[:2]
        if got != wanted:
            raise BadSampleError(
                name,
                f'expected an LR file of {wanted[1]}x{wanted[0]} pixels for '
                f'a face of {width}x{height}, got {got[1]}x{got[0]}; give LR '
                'files of that size, or take a config of another scale',
            )
        return results

    def __repr__(self) -> str:
        return f'{self.__class__.__name__}(instead_of={self.instead_of!r})'
