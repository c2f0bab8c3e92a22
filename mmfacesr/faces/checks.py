# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Landmarks that cannot be those of a face."""

import numpy as np

LARGEST_SIDE = 65_535
"""Pixels; no JPEG is larger."""
SMALLEST_FACE = 2.0
"""Pixels that the landmarks of a face span, across and down."""


def are_of_a_face(points: np.ndarray, box: np.ndarray) -> np.ndarray:
    """Tell landmarks of faces from numbers that are none.

    Those of a face are finite, no further from the origin than an image
    reaches, not all in one place, and their center lies in the box of the
    face, enlarged by its own size on each side.

    Args:
        points (np.ndarray): (N, K, 2) x, y in pixels.
        box (np.ndarray): (N, 4) x0, y0, x1, y1, NaN where unknown.

    Returns:
        np.ndarray: (N,) bool.
    """
    axes = points[..., 0], points[..., 1]  # reduced apart: much faster
    # NaN if one of the points is.
    low = np.stack([axis.min(axis=1) for axis in axes], axis=1)
    high = np.stack([axis.max(axis=1) for axis in axes], axis=1)
    with np.errstate(invalid='ignore'):
        near = (low >= -LARGEST_SIDE) & (high <= LARGEST_SIDE)
        wide = high - low >= SMALLEST_FACE
        center = (low + high) / 2
        size = box[:, 2:] - box[:, :2]
        inside = (center >= box[:, :2] - size) & (center <= box[:, 2:] + size)
    good = near & wide & (inside | np.isnan(size))
    return good.all(axis=1)
