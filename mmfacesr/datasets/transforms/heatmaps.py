# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Heatmaps of landmarks. Pixel centers are at integers."""

import numpy as np


def draw_heatmaps(
    points: np.ndarray,
    heatmap_size: tuple[int, int],
    image_size: tuple[int, int],
    sigma: float = 1.0,
) -> np.ndarray:
    """Draw one Gaussian for each point.

    The value at column i, row j of map k is
    exp(-((i - x)^2 + (j - y)^2) / (2 sigma^2)) with (x, y) the point times
    heatmap size / image size. This is DIC's convention (CVPR 2020): no
    half-pixel shift, the height is 1 at the sub-pixel point and not
    renormalized on the grid, nothing is cut off.

    Args:
        points (np.ndarray): (K, 2) x, y in pixels of the image, finite; they
            may lie outside it.
        heatmap_size (tuple[int]): (h, w) of the maps.
        image_size (tuple[int]): (H, W) of the image.
        sigma (float): Standard deviation in heatmap pixels.

    Returns:
        np.ndarray: (K, h, w) float32 in [0, 1], a view of (h, w, K).
    """
    points = np.asarray(points, np.float64)
    (height, width), (image_height, image_width) = heatmap_size, image_size
    across = _gaussian(points[:, 0] * width / image_width, width, sigma)
    down = _gaussian(points[:, 1] * height / image_height, height, sigma)
    down, across = np.ascontiguousarray(down.T), np.ascontiguousarray(across.T)
    return (down[:, None] * across).transpose(2, 0, 1)


def _gaussian(center: np.ndarray, size: int, sigma: float) -> np.ndarray:
    """(K,) centers -> (K, size) float32 Gaussians of height 1."""
    distance = np.arange(size) - center[:, None]
    return np.exp(-(distance**2) / (2 * sigma**2)).astype(np.float32)
