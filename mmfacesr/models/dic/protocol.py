# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""How DIC's paper measured."""

import numpy as np

from mmfacesr.evaluation.functional import luma, psnr, ssim
from mmfacesr.evaluation.functional.protocol import Protocol


def measure(pred: np.ndarray, target: np.ndarray) -> dict[str, float]:
    """Rounded RGB, rounded luma, 8 pixels off each side.

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


PROTOCOL = Protocol(
    measure,
    about='Y of 8-bit RGB, both rounded, 8 pixels off each side; SSIM '
    'Gaussian 11x11',
)
