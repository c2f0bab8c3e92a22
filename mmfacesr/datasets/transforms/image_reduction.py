# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Making the LR image by rules that MMagic's ``Resize`` has not."""

from collections.abc import Sequence
from typing import Literal

from mmcv.transforms import BaseTransform

from mmfacesr.datasets.reductions import REDUCTIONS
from mmfacesr.registry import TRANSFORMS


@TRANSFORMS.register_module()
class ReduceImage(BaseTransform):
    """Reduce images by a rule of :mod:`mmfacesr.datasets.reductions`.

    MMagic's ``MATLABLikeResize`` gives float images, not rounded.

    Needs ``{key}`` (H, W, 3) uint8 of ``keys``. Adds the images of
    ``output_keys``, uint8, with channel order and color type.

    Args:
        keys (Sequence[str]): The images.
        output_keys (Sequence[str]): What the reduced ones are called.
        scale (float): Factor on both sides, at most 1.
        kernel ('matlab_bicubic' | 'torch_antialias'): The rule.
    """

    def __init__(
        self,
        keys: Sequence[str],
        output_keys: Sequence[str],
        scale: float,
        kernel: Literal['matlab_bicubic', 'torch_antialias'],
    ) -> None:
        if kernel not in REDUCTIONS:
            raise ValueError(
                f'Expected a kernel of {", ".join(REDUCTIONS)}, got '
                f'{kernel!r}.'
            )
        if not 0 < scale <= 1 or len(keys) != len(output_keys):
            raise ValueError(
                'Expected a scale above 0 of at most 1 and as many '
                f'output_keys as keys, got {scale}, {keys} and {output_keys}.'
            )
        self.keys, self.output_keys = list(keys), list(output_keys)
        self.scale, self.kernel = scale, kernel

    def transform(self, results: dict) -> dict:
        """Reduce the images."""
        for key, output in zip(self.keys, self.output_keys):
            height, width = results[key].shape[:2]
            size = round(width * self.scale), round(height * self.scale)
            results[output] = REDUCTIONS[self.kernel](results[key], size)
            for what in ('channel_order', 'color_type'):
                if f'{key}_{what}' in results:
                    results[f'{output}_{what}'] = results[f'{key}_{what}']
        return results

    def __repr__(self) -> str:
        """Show the arguments."""
        return (
            f'{type(self).__name__}(keys={self.keys}, '
            f'output_keys={self.output_keys}, scale={self.scale}, '
            f'kernel={self.kernel!r})'
        )
