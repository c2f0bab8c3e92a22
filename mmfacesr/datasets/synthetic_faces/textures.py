# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Smooth noise shared by all painters."""

from functools import lru_cache

import cv2
import numpy as np

TILE = 256
GRAIN = 4  # one period of the noise is about GRAIN cells of the tile


@lru_cache(maxsize=1)
def noise_tile() -> np.ndarray:
    """Seamless band-limited noise, (TILE, TILE), about 0 to 1."""
    tile = np.random.default_rng(20).random((TILE, TILE), dtype=np.float32)
    wide = np.pad(tile, 8, mode='wrap')
    soft = cv2.GaussianBlur(wide, (0, 0), 1.1)[8:-8, 8:-8]
    return np.clip(0.5 + (soft - 0.5) * 2.6, 0, 1)


def noise_at(
    x: np.ndarray, y: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Noise at points of a plane; features are about one unit wide.

    Args:
        x (np.ndarray): (h, w).
        y (np.ndarray): (h, w).
        rng (np.random.Generator): Gives the place in the tile.

    Returns:
        np.ndarray: (h, w) float32 in [0, 1].
    """
    place = rng.uniform(0, TILE, 2)
    columns = (x * GRAIN + float(place[0])).astype(np.float32, copy=False)
    rows = (y * GRAIN + float(place[1])).astype(np.float32, copy=False)
    return cv2.remap(
        noise_tile(),
        columns,
        rows,
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_WRAP,
    )
