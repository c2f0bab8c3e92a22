# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Where a video cuts from one shot to another."""

import cv2
import numpy as np

SIZE = 24  # pixels; frames are compared as small square pictures
SHIFT = 3  # the same; a pan by less in a frame is no cut
# Of the pairs of 19 photographs 97% correlate less; a photograph and its
# shift, zoom, flash or noise nearly always more.
MIN_CORRELATION = 0.6
FLAT = 2.0  # gray levels (standard deviation); less shows nothing


def thumbnail_of(image: np.ndarray) -> np.ndarray:
    """Reduce a frame to what cuts are seen by.

    Args:
        image (np.ndarray): (H, W, 3) uint8 RGB.

    Returns:
        np.ndarray: (24, 24) uint8 gray.
    """
    whole = np.ascontiguousarray(image)
    small = cv2.resize(whole, (SIZE, SIZE), interpolation=cv2.INTER_AREA)
    return cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)


def is_flat(thumbnail: np.ndarray) -> bool:
    """Whether a frame shows nothing, as a black one; it is in no shot."""
    return bool(thumbnail.std() < FLAT)


def is_cut(before: np.ndarray, after: np.ndarray) -> bool:
    """Whether two frames that show something are of different shots.

    They are if they do not correlate at any small shift: brightness and
    contrast do not count.

    Args:
        before (np.ndarray): (24, 24) uint8 gray.
        after (np.ndarray): The same, of a later frame.
    """
    inner = slice(SHIFT, SIZE - SHIFT)
    correlations = (
        cv2.matchTemplate(a, b[inner, inner], cv2.TM_CCOEFF_NORMED).max()
        for a, b in ((before, after), (after, before))
    )
    return bool(max(correlations) < MIN_CORRELATION)
