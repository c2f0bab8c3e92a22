# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Whether a result, reduced, is its input."""

from typing import Optional

import numpy as np
from PIL import Image

from mmfacesr.evaluation.functional.image_quality import psnr
from mmfacesr.evaluation.image_metrics import ImageMetric

KERNELS = ('bicubic', 'bilinear', 'lanczos', 'hamming', 'box')
"""Of Pillow."""


def lr_metric(kernel: Optional[str] = None) -> ImageMetric:
    """PSNR of the reduced result against the input.

    Args:
        kernel (str, optional): One of ``KERNELS``. Defaults to 'bicubic'.

    Raises:
        ValueError: If there is no such kernel.
    """
    kernel = kernel or KERNELS[0]
    if kernel not in KERNELS:
        raise ValueError(
            f'Expected lr=KERNEL with one of {", ".join(KERNELS)}, got '
            f'{kernel!r}.'
        )

    def measure(sr: np.ndarray, hr: np.ndarray, lr: np.ndarray) -> dict:
        (height, width), small = sr.shape[:2], lr.shape[:2]
        if height * small[1] != width * small[0] or height < small[0]:
            raise ValueError(
                'Expected inputs of the shape of their results and not '
                f'larger, got {small[0]}x{small[1]} for {height}x{width}; '
                'give the inputs that were restored by --lr.'
            )
        reduced = Image.fromarray(sr).resize(
            small[::-1], Image.Resampling[kernel.upper()]
        )
        return {'LR/PSNR': psnr(np.asarray(reduced), lr, crop_border=0)}

    return ImageMetric(
        measure,
        f'SR reduced by Pillow {kernel}, 8 bit, against the input; RGB, whole '
        'image',
        needs_lr=True,
    )
