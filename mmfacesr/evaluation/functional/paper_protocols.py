# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""How the papers measured, each by its name."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from mmfacesr.utils.finite import finite_mean

from .elsface import elsface
from .image_quality import PEAK, crop_pair, luma, psnr, ssim
from .ms_ssim import ms_ssim_levels, ms_ssim_product

PFSRNET_BATCH = 16
"""Images over which PFSRNet's evaluator pools before it averages."""
PFSRNET_LAST_LEVEL = 4
"""How often its MS-SSIM multiplies the last level in."""


Means = dict[str, float | None]
"""Name -> mean of the finite values, None where there is none."""


def mean_of_each(values: list[dict[str, float]]) -> Means:
    """Mean of each named value over the images that it is finite of."""
    return {
        name: finite_mean([of_image[name] for of_image in values])
        for name in values[0]
    }


@dataclass(frozen=True)
class Protocol:
    """How a paper measured.

    Attributes:
        measure (Callable): Prediction and ground truth, (H, W, 3) RGB on the
            scale [0, 255], to what is kept of one image, by name.
        summarise (Callable): What was kept of all images, in the order of
            the data list, to the values of the report. Defaults to the mean
            of each.
        clamped (bool): Whether the prediction is clamped to [0, 255] before
            it is measured. Defaults to True.
    """

    measure: Callable[[np.ndarray, np.ndarray], dict]
    summarise: Callable[[list[dict]], Means] = mean_of_each
    clamped: bool = True


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


def pfsrnet(pred: np.ndarray, target: np.ndarray) -> dict:
    """What PFSRNet's protocol keeps of an image: float RGB, whole image.

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


def pfsrnet_summary(values: list[dict]) -> Means:
    """Pool batches of 16 images in their order, then average the batches.

    The last batch counts as much as any other, however small it is. These
    are batches of the protocol, whatever the batches of the test are. A batch
    of images that all equal their ground truth has no finite PSNR; it is left
    out of that mean.

    Args:
        values (list[dict]): From :func:`pfsrnet`, of images of one size.

    Returns:
        Means: ``PSNR`` in dB from the MSE of whole batches,
        ``SSIM``, and ``MS-SSIM`` from the levels of whole batches, the last
        one of which is multiplied in four times.
    """
    return mean_of_each([_of_batch(batch) for batch in _batches(values)])


def _batches(values: list[dict]) -> Iterator[dict[str, np.ndarray]]:
    """Batches of values: the mean of each over the images."""
    for start in range(0, len(values), PFSRNET_BATCH):
        batch = values[start : start + PFSRNET_BATCH]
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
            last_times=PFSRNET_LAST_LEVEL,
        ),
    }


PAPER_PROTOCOLS = MappingProxyType(
    {
        'dic': Protocol(dic),
        'elsface': Protocol(elsface),
        'sparnet': Protocol(sparnet),
        'pfsrnet': Protocol(pfsrnet, pfsrnet_summary, clamped=False),
    }
)
"""Name of a method -> how its paper measured."""
