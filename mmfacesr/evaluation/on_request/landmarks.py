# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Whether the parts of a face are where they were."""

from collections.abc import Callable
from functools import cache
from typing import Optional

import numpy as np

from mmfacesr.evaluation.functional.landmarks import nme
from mmfacesr.evaluation.image_metrics import ImageMetric
from mmfacesr.faces.detection.mediapipe_detector import MediaPipeDetector
from mmfacesr.faces.table import LandmarkError

Find = Callable[[np.ndarray], Optional[np.ndarray]]
"""(H, W, 3) uint8 RGB to (68, 2) x, y in pixels; None without a face."""


@cache
def landmark_finder() -> Find:
    """The project's detector, one in a process.

    Raises:
        ImportError: If MediaPipe is not installed.
    """
    detector = MediaPipeDetector()

    def find(image: np.ndarray) -> Optional[np.ndarray]:
        try:
            return detector.find('', image).points
        except LandmarkError:
            return None

    return find


def nme_metric(finder: Callable[[], Find] = landmark_finder) -> ImageMetric:
    """Landmarks found in the result against those found in the truth.

    A face that is not found in one of them has no error and counts as
    failed.

    Args:
        finder (Callable): Makes what finds landmarks. Defaults to
            :func:`landmark_finder`.
    """
    find = finder()

    def measure(sr: np.ndarray, hr: np.ndarray, lr: object) -> dict:
        wanted = find(hr)
        got = None if wanted is None else find(sr)
        failed = got is None
        error = np.nan if failed else float(nme(got, wanted))
        return {'NME/hr': error, 'NME/failed': float(failed)}

    return ImageMetric(
        measure,
        'mean distance of 68 landmarks in SR from those in HR over the '
        "inter-ocular distance in HR, both by mmfacesr's detector on "
        'MediaPipe Face Mesh; failed: no face found in SR or HR',
    )
