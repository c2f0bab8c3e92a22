# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Naturalness of large images, by MMagic."""

import warnings

import numpy as np

from mmfacesr.compat.mmagic_base import niqe
from mmfacesr.evaluation.image_metrics import ImageMetric

BLOCK = 96  # pixels
MIN_BLOCKS = 2  # a covariance needs them


def niqe_metric() -> ImageMetric:
    """NIQE of the result alone, at least two blocks of 96x96.

    Source: Mittal et al., Signal Processing Letters 2013, by MMagic. Differs:
    too few blocks are refused.
    """

    def measure(sr: np.ndarray, hr: np.ndarray, lr: object) -> dict:
        height, width = sr.shape[:2]
        blocks = (height // BLOCK) * (width // BLOCK)
        if blocks < MIN_BLOCKS:
            raise ValueError(
                f'Expected images of at least {MIN_BLOCKS} whole blocks of '
                f'{BLOCK}x{BLOCK} pixels for niqe, got {height}x{width} with '
                f'{blocks}: it compares how blocks differ, and one does not; '
                'leave niqe out.'
            )
        return {'NIQE': naturalness(sr)}

    return ImageMetric(
        measure,
        'NIQE of SR alone by MMagic, gray, whole image, blocks of 96x96; the '
        'original parameters',
    )


def naturalness(image: np.ndarray) -> float:
    """NIQE of (H, W, 3) uint8 RGB, NaN where too few blocks have structure."""
    # Flat blocks are left out after a division by zero.
    with warnings.catch_warnings(), np.errstate(all='ignore'):
        warnings.simplefilter('ignore', RuntimeWarning)
        try:
            value = niqe(image[..., ::-1], 0, 'HWC', 'gray')
        except np.linalg.LinAlgError:
            return float('nan')
    return float(value)
