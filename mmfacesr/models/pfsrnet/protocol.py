# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""How PFSRNet's paper measured."""

from collections.abc import Iterator

import numpy as np

from mmfacesr.evaluation.functional import ms_ssim_levels, ms_ssim_product
from mmfacesr.evaluation.functional.image_quality import PEAK, crop_pair
from mmfacesr.evaluation.functional.protocol import (
    Means,
    Protocol,
    mean_of_each,
)

BATCH = 16
"""Images over which the evaluator pools before it averages."""
LAST_LEVEL = 4
"""How often its MS-SSIM multiplies the last level in."""


def measure(pred: np.ndarray, target: np.ndarray) -> dict:
    """What is kept of an image: float RGB, whole image.

    Source: Kim et al., BMVC 2019, released evaluation code. Differs: the
    dynamic range of SSIM is 255; the released code guesses it from the
    extremes of the prediction and may take twice of it.

    Args:
        pred (np.ndarray): (H, W, 3) RGB, 0 to 255 with what lies outside.
        target (np.ndarray): (H, W, 3) RGB in [0, 255].

    Returns:
        dict: ``MSE`` on the scale [0, 1], ``SSIM``, and (5,) arrays
        ``ssim_levels`` and ``contrast_levels`` of MS-SSIM.
    """
    ssim_levels, contrast_levels = ms_ssim_levels(pred, target, 0)
    pred, target = crop_pair(pred, target, 0)
    return dict(
        MSE=float(np.mean(((pred - target) / PEAK) ** 2)),
        SSIM=float(ssim_levels[0]),
        ssim_levels=ssim_levels,
        contrast_levels=contrast_levels,
    )


def summarize(values: list[dict]) -> Means:
    """Pool batches of 16 images in their order, then average the batches.

    The last batch counts as much as any other, however small it is. These
    are batches of the protocol, whatever the batches of the test are. A batch
    of images that all equal their ground truth has no finite PSNR; it is left
    out of that mean.

    Args:
        values (list[dict]): From :func:`measure`, of images of one size.

    Returns:
        Means: ``PSNR`` in dB from the MSE of whole batches,
        ``SSIM``, and ``MS-SSIM`` from the levels of whole batches, the last
        one of which is multiplied in four times.
    """
    return mean_of_each([_of_batch(batch) for batch in _batches(values)])


def _batches(values: list[dict]) -> Iterator[dict[str, np.ndarray]]:
    """Batches of values: the mean of each over the images."""
    for start in range(0, len(values), BATCH):
        batch = values[start : start + BATCH]
        yield {
            name: np.mean([of_image[name] for of_image in batch], axis=0)
            for name in batch[0]
        }


def _of_batch(pooled: dict[str, np.ndarray]) -> dict[str, float]:
    """PSNR, SSIM and MS-SSIM of one batch."""
    with np.errstate(divide='ignore'):  # infinite for equal images
        decibel = -10 * np.log10(pooled['MSE'])
    return {
        'PSNR': decibel,
        'SSIM': pooled['SSIM'],
        'MS-SSIM': ms_ssim_product(
            pooled['ssim_levels'],
            pooled['contrast_levels'],
            last_times=LAST_LEVEL,
        ),
    }


PROTOCOL = Protocol(
    measure,
    summarize,
    clamped=False,
    about=f'RGB, not clamped, not rounded, whole image, pooled over {BATCH} '
    'images in the order of the list; SSIM Gaussian 11x11',
)
