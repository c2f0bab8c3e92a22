# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""PSNR, SSIM and MAE with everything stated that papers leave out."""

import numpy as np
from skimage.metrics import structural_similarity

PEAK = 255.0
BT601_RGB = (65481, 128553, 24966)
"""Thousandths of a gray level."""
BT601_OFFSET = 16.0


def luma(image: np.ndarray) -> np.ndarray:
    """BT.601 luma of an RGB image, studio swing.

    Args:
        image (np.ndarray): (H, W, 3) RGB in [0, 255].

    Returns:
        np.ndarray: (H, W) float64 in [16, 235], not rounded.
    """
    # Whole weights: the luma of 8-bit colors is exact, where a sum of
    # fractions may miss a half or a whole number that is rounded next.
    total = image.astype(np.float64) @ np.array(BT601_RGB, np.float64)
    return BT601_OFFSET + total / (1000 * PEAK)


def crop_pair(
    pred: np.ndarray, target: np.ndarray, crop_border: int
) -> 'tuple[np.ndarray, np.ndarray]':
    """Cut the border off two images of equal shape, as float64.

    Raises:
        ValueError: If the shapes differ or nothing would be left.
    """
    if pred.shape != target.shape:
        raise ValueError(
            'Expected two images of equal shape, got '
            f'{pred.shape} and {target.shape}.'
        )
    if crop_border < 0 or 2 * crop_border >= min(pred.shape[:2]):
        raise ValueError(
            f'Expected a border that leaves some of an image of '
            f'{pred.shape[:2]}, got {crop_border}.'
        )
    height, width = pred.shape[:2]
    window = np.s_[
        crop_border : height - crop_border, crop_border : width - crop_border
    ]
    return (pred[window].astype(np.float64), target[window].astype(np.float64))


def psnr(pred: np.ndarray, target: np.ndarray, crop_border: int) -> float:
    """Peak signal-to-noise ratio in dB, peak 255.

    Args:
        pred (np.ndarray): (H, W) or (H, W, C) in [0, 255].
        target (np.ndarray): Same shape and range.
        crop_border (int): Pixels cut off each side.

    Returns:
        float: Infinite for equal images.
    """
    pred, target = crop_pair(pred, target, crop_border)
    error = np.mean((pred - target) ** 2)
    return (
        float('inf') if error == 0 else float(10 * np.log10(PEAK**2 / error))
    )


def ssim(pred: np.ndarray, target: np.ndarray, crop_border: int) -> float:
    """Structural similarity, mean over the channels.

    Gaussian 11x11 window, sigma 1.5, population covariance, valid area, as in
    Wang et al., TIP 2004.

    Args:
        pred (np.ndarray): (H, W) or (H, W, C) in [0, 255].
        target (np.ndarray): Same shape and range.
        crop_border (int): Pixels cut off each side.

    Returns:
        float: At most 1.
    """
    pred, target = crop_pair(pred, target, crop_border)
    return float(
        structural_similarity(
            pred,
            target,
            data_range=PEAK,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
            channel_axis=2 if pred.ndim == 3 else None,
        )
    )


def mae(pred: np.ndarray, target: np.ndarray, crop_border: int) -> float:
    """Mean absolute error in gray levels.

    Args:
        pred (np.ndarray): (H, W) or (H, W, C) in [0, 255].
        target (np.ndarray): Same shape and range.
        crop_border (int): Pixels cut off each side.

    Returns:
        float: In [0, 255].
    """
    pred, target = crop_pair(pred, target, crop_border)
    return float(np.mean(np.abs(pred - target)))


def truncate(image: np.ndarray) -> np.ndarray:
    """Clip to [0, 255] and cut the fraction off, as a cast to uint8 does."""
    return np.trunc(np.clip(image, 0, PEAK))
