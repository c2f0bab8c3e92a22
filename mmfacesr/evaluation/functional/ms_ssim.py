# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""SSIM at five scales: the terms of each, and their products."""

import numpy as np

from mmfacesr.evaluation.functional.image_quality import PEAK, crop_pair

LEVEL_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""Exponents of the levels, the finest first; they add up to 1.0001."""
WINDOW_SIZE = 11
WINDOW_SIGMA = 1.5
STABILIZERS = ((0.01 * PEAK) ** 2, (0.03 * PEAK) ** 2)
SMALLEST_LEVEL = 2  # pixels a side; a window of one sees no structure
MIN_SIDE = SMALLEST_LEVEL * 2 ** (len(LEVEL_WEIGHTS) - 1)


def ms_ssim(pred: np.ndarray, target: np.ndarray, crop_border: int) -> float:
    """Multi-scale structural similarity.

    Source: Wang et al., Asilomar 2003. Differs: color images, of which the
    terms of a level are means over the channels; the window shrinks on
    levels that are smaller than it; a negative term counts as 0.

    Args:
        pred (np.ndarray): (H, W, 3) RGB in [0, 255].
        target (np.ndarray): Same shape and range.
        crop_border (int): Pixels cut off each side.

    Returns:
        float: In [0, 1].

    Raises:
        ValueError: If less than 32x32 is left without the border.
    """
    return ms_ssim_product(*ms_ssim_levels(pred, target, crop_border))


def ms_ssim_levels(
    pred: np.ndarray, target: np.ndarray, crop_border: int
) -> 'tuple[np.ndarray, np.ndarray]':
    """SSIM and its contrast-structure part at five scales.

    From level to level 2x2 pixels become their mean; an odd last row or
    column is dropped. Gaussian window of 11x11 or of the smaller side of
    the level, sigma 1.5 throughout, population covariance, valid area.

    Args:
        pred (np.ndarray): (H, W, 3) RGB in [0, 255].
        target (np.ndarray): Same shape and range.
        crop_border (int): Pixels cut off each side.

    Returns:
        tuple[np.ndarray, np.ndarray]: (5,) SSIM and (5,) contrast-structure,
        float64, the finest level first; means over the channels.

    Raises:
        ValueError: If less than 32x32 is left without the border.
    """
    pred, target = crop_pair(pred, target, crop_border)
    if pred.ndim != 3 or min(pred.shape[:2]) < MIN_SIDE:
        raise ValueError(
            f'Expected (H, W, C) images of at least {MIN_SIDE}x{MIN_SIDE} '
            f'without their border for the {len(LEVEL_WEIGHTS)} levels of '
            f'MS-SSIM, got {pred.shape}; set a smaller crop_border, or leave '
            'MS-SSIM out.'
        )
    levels = []
    for level in range(len(LEVEL_WEIGHTS)):
        if level:
            pred, target = _halve(pred), _halve(target)
        levels.append(_ssim_terms(pred, target))
    ssim, contrast = np.transpose(levels)
    return ssim, contrast


def ms_ssim_product(
    ssim: np.ndarray, contrast: np.ndarray, last_times: int = 1
) -> float:
    """Put the terms of the levels together.

    prod_{i<5} contrast_i^w_i * (ssim_5^w_5)^last_times

    Args:
        ssim (np.ndarray): (5,); the last one is used.
        contrast (np.ndarray): (5,); all but the last are used.
        last_times (int): How often the last level is multiplied in. Defaults
            to 1; 4 is the slip of formula in PFSRNet's released evaluation.

    Returns:
        float: In [0, 1]; a negative term counts as 0.
    """
    terms = np.clip([*contrast[:-1], ssim[-1]], 0, None)
    exponents = np.array(LEVEL_WEIGHTS)
    exponents[-1] *= last_times
    return float(np.prod(terms**exponents))


def _ssim_terms(
    pred: np.ndarray, target: np.ndarray
) -> 'tuple[np.float64, np.float64]':
    """Mean SSIM and mean contrast-structure of two (H, W, C) images."""
    maps = np.stack([pred, target, pred**2, target**2, pred * target])
    mean_p, mean_t, square_p, square_t, product = _blur(maps)
    c1, c2 = STABILIZERS
    means = mean_p * mean_t
    squares = mean_p**2 + mean_t**2
    contrast = (2 * (product - means) + c2) / (
        square_p + square_t - squares + c2
    )
    luminance = (2 * means + c1) / (squares + c1)
    return (luminance * contrast).mean(), contrast.mean()


def _blur(maps: np.ndarray) -> np.ndarray:
    """(M, H, W, C) -> valid area of its Gaussian means."""
    size = min(WINDOW_SIZE, *maps.shape[1:3])
    # An even window has its peak beside the middle, at size / 2.
    distance = np.arange(size) - size // 2
    window = np.exp(-(distance**2) / (2 * WINDOW_SIGMA**2))
    window /= window.sum()
    for axis in (1, 2):
        views = np.lib.stride_tricks.sliding_window_view(maps, size, axis)
        maps = views @ window
    return maps


def _halve(image: np.ndarray) -> np.ndarray:
    """(H, W, C) -> (H // 2, W // 2, C), each the mean of 2x2 pixels."""
    height, width = (side // 2 * 2 for side in image.shape[:2])
    image = image[:height, :width]
    rows = image[0::2] + image[1::2]
    return (rows[:, 0::2] + rows[:, 1::2]) / 4
