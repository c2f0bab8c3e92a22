# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What a paper's protocol is made of."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mmfacesr.utils.finite import finite_mean

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
        summarize (Callable): What was kept of all images, in the order of
            the data list, to the values of the report. Defaults to the mean
            of each.
        clamped (bool): Whether the prediction is clamped to [0, 255] before
            it is measured. Defaults to True.
    """

    measure: Callable[[np.ndarray, np.ndarray], dict]
    summarize: Callable[[list[dict]], Means] = mean_of_each
    clamped: bool = True
