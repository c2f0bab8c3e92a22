# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""How SPARNet's paper measured."""

import numpy as np

from mmfacesr.evaluation.functional import luma, psnr, ssim
from mmfacesr.evaluation.functional.image_quality import truncate
from mmfacesr.evaluation.functional.protocol import Protocol


def measure(pred: np.ndarray, target: np.ndarray) -> dict[str, float]:
    """Truncated RGB, truncated luma, whole image.

    The published Helen figures are from 8-bit files that the released test
    code wrote by truncation, read again and reduced to an 8-bit luma, also by
    truncation. SSIM leaves out the 5 pixels that its window does not fit.

    Source: Chen et al., TIP 2021, released evaluation code. Differs: none.

    Args:
        pred (np.ndarray): (H, W, 3) RGB in [0, 255].
        target (np.ndarray): (H, W, 3) RGB in [0, 255].

    Returns:
        dict[str, float]: ``PSNR`` in dB and ``SSIM``.
    """
    pred, target = (
        truncate(luma(truncate(image))) for image in (pred, target)
    )
    return dict(
        PSNR=psnr(pred, target, crop_border=0),
        SSIM=ssim(pred, target, crop_border=0),
    )


PROTOCOL = Protocol(measure)
