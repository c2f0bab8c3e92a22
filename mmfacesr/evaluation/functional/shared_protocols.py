# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Protocols that belong to no method of this project."""

import numpy as np
from skimage.metrics import structural_similarity

from mmfacesr.evaluation.functional.image_quality import (
    PEAK,
    crop_pair,
    luma,
    mae,
    psnr,
    ssim,
    truncate,
)
from mmfacesr.evaluation.functional.protocol import Protocol

SURVEY_BORDER = 8
LEAST_MSE = 1.0  # of FSRNet's PSNR: no image has more than 48.13 dB


def rgb_protocol(crop_border: int) -> Protocol:
    """The protocol of this project: RGB, border cut off, not rounded.

    Args:
        crop_border (int): Pixels cut off each side, as many as the scale.
    """

    def measure(pred: np.ndarray, target: np.ndarray) -> dict[str, float]:
        return dict(
            PSNR=psnr(pred, target, crop_border),
            SSIM=ssim(pred, target, crop_border),
            MAE=mae(pred, target, crop_border),
        )

    return Protocol(
        measure,
        about=f'RGB, {crop_border} pixels off each side, not rounded; SSIM '
        'Gaussian 11x11',
    )


def survey(pred: np.ndarray, target: np.ndarray) -> dict[str, float]:
    """Rounded RGB, rounded luma, 8 pixels off, scikit-image's default SSIM.

    A uniform 7x7 window with sample covariance: below the SSIM of others.

    Source: Jiang et al., Deep Learning-based Face Super-resolution: A
    Survey, ACM Computing Surveys 2021, released evaluation code. Differs:
    none.

    Args:
        pred (np.ndarray): (H, W, 3) RGB in [0, 255].
        target (np.ndarray): (H, W, 3) RGB in [0, 255].

    Returns:
        dict[str, float]: ``PSNR`` in dB and ``SSIM``.
    """
    pred, target = (np.rint(luma(np.rint(image))) for image in (pred, target))
    pred, target = crop_pair(pred, target, SURVEY_BORDER)
    return dict(
        PSNR=psnr(pred, target, crop_border=0),
        SSIM=float(structural_similarity(pred, target, data_range=PEAK)),
    )


def fsrnet(pred: np.ndarray, target: np.ndarray) -> dict[str, float]:
    """Truncated RGB, truncated luma, whole image, MSE of at least 1.

    Source: Chen et al., FSRNet, CVPR 2018, released test script, which
    measures JPEG files. Differs: none; it has no SSIM.

    Args:
        pred (np.ndarray): (H, W, 3) RGB in [0, 255].
        target (np.ndarray): (H, W, 3) RGB in [0, 255].

    Returns:
        dict[str, float]: ``PSNR`` in dB.
    """
    pred, target = (
        truncate(luma(truncate(image))) for image in (pred, target)
    )
    error = np.square(np.subtract(*crop_pair(pred, target, 0))).mean()
    return dict(PSNR=float(10 * np.log10(PEAK**2 / max(error, LEAST_MSE))))


SURVEY = Protocol(
    survey,
    about=f'Y of 8-bit RGB, both rounded, {SURVEY_BORDER} pixels off each '
    'side; SSIM uniform 7x7',
)
FSRNET = Protocol(
    fsrnet,
    about='Y of 8-bit RGB, both truncated, whole image, MSE of at least 1',
)
