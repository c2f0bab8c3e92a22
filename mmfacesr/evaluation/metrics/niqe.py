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
    too few blocks are refused, or have no value if they are flat. MMagic
    takes the features of a single block for samples of one feature.
    """

    def measure(sr: np.ndarray, hr: np.ndarray, lr: object) -> dict:
        blocks = _blocks(sr)
        if len(blocks) < MIN_BLOCKS:
            raise ValueError(
                f'Expected images of at least {MIN_BLOCKS} whole blocks of '
                f'{BLOCK}x{BLOCK} pixels for niqe, got {sr.shape[0]}x'
                f'{sr.shape[1]} with {len(blocks)}: NIQE needs the covariance '
                'of the blocks; leave niqe out.'
            )
        varied = sum(np.ptp(block, axis=(0, 1)).any() for block in blocks)
        if varied < MIN_BLOCKS:
            return {'NIQE': float('nan')}
        # Flat blocks are left out after a division by zero.
        with warnings.catch_warnings(), np.errstate(all='ignore'):
            warnings.simplefilter('ignore', RuntimeWarning)
            return {'NIQE': float(niqe(sr[..., ::-1], 0, 'HWC', 'gray'))}

    return ImageMetric(
        measure,
        'NIQE of SR alone by MMagic, gray, whole image, blocks of 96x96; the '
        'original parameters',
    )


def _blocks(image: np.ndarray) -> list[np.ndarray]:
    """The whole blocks of an image."""
    height, width = image.shape[:2]
    return [
        image[y : y + BLOCK, x : x + BLOCK]
        for y in range(0, height - BLOCK + 1, BLOCK)
        for x in range(0, width - BLOCK + 1, BLOCK)
    ]
