# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What a paper's protocol is made of, and one that several papers share."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from mmfacesr.evaluation.functional.image_quality import (
    luma,
    psnr,
    ssim,
    truncate,
)
from mmfacesr.utils.finite import finite_mean

Means = dict[str, float | None]
"""Name -> mean of the finite values, None where there is none."""


def mean_of_each(values: Sequence[dict[str, float]]) -> Means:
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
        summarize (Callable): What was kept of all images, in the order of
            the data list, to the values of the report. Defaults to the mean
            of each.
        clamped (bool): Whether the prediction is clamped to [0, 255] before
            it is measured. Defaults to True.
        about (str): Color, rounding, border and window, for people who read
            its values. Defaults to nothing.
    """

    measure: Callable[[np.ndarray, np.ndarray], dict]
    summarize: Callable[[Sequence[dict]], Means] = mean_of_each
    clamped: bool = True
    about: str = ''

    @property
    def pools(self) -> bool:
        """Whether its values are none of single images."""
        return self.summarize is not mean_of_each


TRUNCATED_LUMA = (
    'Y of 8-bit RGB, both truncated, whole image; SSIM Gaussian 11x11'
)


def truncated_luma(pred: np.ndarray, target: np.ndarray) -> dict[str, float]:
    """Measure truncated RGB, truncated luma, the whole image.

    As of 8-bit files that were written by truncation, read again and reduced
    to an 8-bit luma, also by truncation. SSIM leaves out the 5 pixels that
    its window does not fit.

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
