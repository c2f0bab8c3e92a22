# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""How the papers measured, each by its name."""

import numpy as np

from .image_quality import PEAK, luma, psnr, ssim


def dic(pred: np.ndarray, target: np.ndarray) -> dict[str, float]:
    """Protocol of DIC: rounded RGB, rounded luma, 8 pixels off each side.

    Source: Ma et al., CVPR 2020, released evaluation code. Differs: the
    released code takes SSIM of the luma negative by an overflow; here it is
    that of the luma (1e-4 to 1e-3 apart).

    Args:
        pred (np.ndarray): (H, W, 3) RGB in [0, 255].
        target (np.ndarray): (H, W, 3) RGB in [0, 255].

    Returns:
        dict[str, float]: ``PSNR`` in dB and ``SSIM``.
    """
    pred, target = (np.rint(luma(np.rint(image))) for image in (pred, target))
    return dict(
        PSNR=psnr(pred, target, crop_border=8),
        SSIM=ssim(pred, target, crop_border=8),
    )


def truncate(image: np.ndarray) -> np.ndarray:
    """Clip to [0, 255] and cut the fraction off, as a cast to uint8 does."""
    return np.trunc(np.clip(image, 0, PEAK))


def sparnet(pred: np.ndarray, target: np.ndarray) -> dict[str, float]:
    """Protocol of SPARNet: truncated RGB, truncated luma, whole image.

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


PAPER_PROTOCOLS = {'dic': dic, 'sparnet': sparnet}
"""Name -> function of two RGB images in [0, 255] that gives named values."""
