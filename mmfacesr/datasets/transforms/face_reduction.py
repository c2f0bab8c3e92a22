# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Making the small input of a face that is still large."""

import numpy as np
from mmcv.transforms import BaseTransform
from PIL import Image

from mmfacesr.registry import TRANSFORMS


@TRANSFORMS.register_module()
class ReduceFace(BaseTransform):
    """Reduce a square face by halves, each by Pillow's 8-bit bilinear filter.

    ``first``, then half of it and so on down to ``size``; stages larger than
    the face are left out, so that a face of ``size`` stays as it is. It is
    how PFSRNet's training makes its input (there the chain is part of the
    degradation); reduced at once, a face looks different to the network.

    Source: data preparation of PFSRNet, Kim et al., arXiv 1908.08239.

    Required and modified: gt (H, W, 3) uint8, square.

    Args:
        size (int): Side of the result in pixels. Defaults to 16.
        first (int): Side of the first stage, size times a power of two.
            Defaults to 128.
    """

    def __init__(self, size: int = 16, first: int = 128) -> None:
        if (
            size < 1
            or first < size
            or first != size << ((first // size).bit_length() - 1)
        ):
            raise ValueError(
                'Expected size of at least 1 and first = size times a power '
                f'of two, got size={size} and first={first}.'
            )
        self.size = size
        self.first = first

    def transform(self, results: dict) -> dict:
        """Reduce the image.

        Args:
            results (dict): The sample; ``gt`` must be uint8 and square.

        Returns:
            dict: The same sample, ``gt`` (size, size, 3) uint8.

        Raises:
            ValueError: If ``gt`` is not square.
        """
        height, width = results['gt'].shape[:2]
        if height != width:
            raise ValueError(
                f'Expected a square face, got {height}x{width} (height x '
                'width); put CropFace before ReduceFace.'
            )
        stages, side = [], self.first
        while side > self.size:
            stages.append(side)
            side //= 2
        image = Image.fromarray(results['gt'])
        for side in [*(s for s in stages if s <= height), self.size]:
            if image.size != (side, side):
                image = image.resize((side, side), Image.Resampling.BILINEAR)
        results['gt'] = np.array(image)
        return results

    def __repr__(self) -> str:
        """Show the arguments."""
        return f'{type(self).__name__}(size={self.size}, first={self.first})'
