# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Landmarks and heatmaps drawn over a face, for people."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from mmfacesr.utils.visualization import fit

GROUPS = {
    68: ((0, 17), (17, 27), (27, 36), (36, 42), (42, 48), (48, 68)),
    5: ((0, 1), (1, 2), (2, 3), (3, 4), (4, 5)),
}
"""End-exclusive ranges of points that share a color; 68: jaw, brows, nose,
left eye, right eye, mouth."""
COLORS = (
    (255, 210, 0),
    (255, 120, 0),
    (0, 220, 90),
    (0, 170, 255),
    (190, 90, 255),
    (255, 40, 60),
)
"""RGB of the groups, in their order."""


def color_of_points(num_points: int) -> np.ndarray:
    """RGB of every point by its facial group: (num_points, 3) uint8."""
    ranges = GROUPS.get(num_points, ((0, num_points),))
    colors = np.zeros((num_points, 3), np.uint8)
    for (start, stop), color in zip(ranges, COLORS, strict=False):
        colors[start:stop] = color
    return colors


def mark_points(
    image: np.ndarray, points: np.ndarray, size: int
) -> np.ndarray:
    """Enlarge an image and dot its landmarks, colored by facial group.

    Args:
        image (np.ndarray): (h, w, 3) uint8 RGB, square.
        points (np.ndarray): (K, 2) x, y in pixels of the image.
        size (int): Side of the result in pixels.

    Returns:
        np.ndarray: (size, size, 3) uint8 RGB.
    """
    scale = size / image.shape[1]
    canvas = Image.fromarray(fit(image, size))
    pen = ImageDraw.Draw(canvas)
    radius = max(size // 128, 1)
    for (x, y), color in zip(
        (points + 0.5) * scale - 0.5,
        color_of_points(len(points)),
        strict=False,
    ):
        pen.ellipse(
            (x - radius, y - radius, x + radius, y + radius),
            fill=tuple(int(value) for value in color),
        )
    return np.array(canvas)


def paint_heatmaps(
    image: np.ndarray, heatmaps: np.ndarray, size: int
) -> np.ndarray:
    """Lay heatmaps over the dimmed image, colored by facial group.

    The largest value of a group's maps is its opacity. Column i of a map
    lies at pixel i * W / w, as ``DrawHeatmaps`` draws them.

    Args:
        image (np.ndarray): (H, W, 3) uint8 RGB, square.
        heatmaps (np.ndarray): (K, h, w) in [0, 1].
        size (int): Side of the result in pixels.

    Returns:
        np.ndarray: (size, size, 3) uint8 RGB.
    """
    canvas = fit(image, size) * 0.6
    colors = color_of_points(len(heatmaps))
    for color in np.unique(colors, axis=0):
        group = heatmaps[(colors == color).all(1)].max(0)
        alpha = spread_map(group, image.shape[:2], size)[..., None]
        canvas = canvas * (1 - alpha) + color * alpha
    return canvas.round().astype(np.uint8)


def spread_map(
    heatmap: np.ndarray, image_size: Sequence[int], size: int
) -> np.ndarray:
    """Sample a map (h, w) bilinearly on a canvas (size, size) in [0, 1]."""
    result = np.clip(heatmap, 0, 1)
    for axis, side in enumerate(image_size):
        pixels = (np.arange(size) + 0.5) * side / size - 0.5
        at = np.clip(
            pixels * heatmap.shape[axis] / side, 0, heatmap.shape[axis] - 1
        )
        low = np.floor(at).astype(int)
        high = np.minimum(low + 1, heatmap.shape[axis] - 1)
        weight = (at - low).reshape((-1, 1) if axis == 0 else (1, -1))
        result = (
            result.take(low, axis) * (1 - weight)
            + result.take(high, axis) * weight
        )
    return result
