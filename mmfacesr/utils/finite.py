# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Values of single images, of which some are not finite."""

import math
from collections.abc import Sequence
from typing import Any, Optional

import numpy as np

FILE = 'file'
"""Key of the file among what a metric keeps of an image."""
UNBOUNDED = ('PSNR', 'SNR')
"""Values that are infinite for an image equal to its ground truth."""


def finite_mean(values: Sequence[float]) -> Optional[float]:
    """Mean of the finite values; None where none is."""
    finite = [value for value in values if math.isfinite(value)]
    return float(np.mean(finite)) if finite else None


def identical_images(results: list[dict]) -> dict[str, list[str]]:
    """Name the images that are equal to their ground truth.

    Args:
        results (list[dict]): What a metric kept, one dict an image.

    Returns:
        dict[str, list[str]]: Name of an infinite value -> files.
    """
    found = {
        name: [
            str(result.get(FILE, number))
            for number, result in enumerate(results)
            if result.get(name) == math.inf
        ]
        for name in UNBOUNDED
    }
    return {name: files for name, files in found.items() if files}


def for_json(value: Any) -> Any:
    """Copy containers with None in place of NaN and infinity.

    JSON has no such numbers; Python writes names for them that other readers
    refuse.
    """
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, dict):
        return {key: for_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [for_json(item) for item in value]
    if isinstance(value, (float, np.floating)) and not math.isfinite(value):
        return None
    return value
