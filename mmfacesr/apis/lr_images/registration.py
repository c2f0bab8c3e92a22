# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Which part of the HR face an LR face shows."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

BORDER = 2  # LR pixels that are not compared
MARGIN = 0.5  # of the side, by which HR faces are continued
ZOOMS = np.arange(0.6, 1.31, 0.05)
COARSE = 16  # faces that choose where to begin
STEPS = 12
SMALL_SHIFT = 0.1  # LR pixels
SMALL_ZOOM = 0.01
LIKE_SCALE = 0.03  # how far the factor may be from a scale


@dataclass(frozen=True)
class Framing:
    """How LR faces lie in their HR faces.

    Attributes:
        right (float): Where LR faces lie beside the reduced HR faces, in LR
            pixels.
        down (float): Alike.
        zoom (float): Side of the part of the HR face that the LR face shows,
            over the side of the HR face.
        spread (float): Half of the range that holds the middle half of the
            shifts of single faces, LR pixels, the larger of both directions.
        error (float): Root mean square of what is left of the gray values.
    """

    right: float
    down: float
    zoom: float
    spread: float
    error: float

    @property
    def same(self) -> bool:
        """Whether LR and HR faces are framed alike."""
        shift = max(abs(self.right), abs(self.down))
        return shift < SMALL_SHIFT and abs(self.zoom - 1) < SMALL_ZOOM


SAME = Framing(0.0, 0.0, 1.0, 0.0, 0.0)


def register(lr: Sequence[np.ndarray], hr: Sequence[np.ndarray]) -> Framing:
    """Find shift and zoom of LR faces, to a fraction of a pixel.

    Gauss-Newton on the gray values of each face; the medians count.

    Args:
        lr (Sequence[np.ndarray]): Squares (h, h, 3) of one size.
        hr (Sequence[np.ndarray]): Their squares (H, H, 3), in their order.
    """
    pairs = [(_gray(a), _Reduced(b, len(a))) for a, b in zip(lr, hr)]
    few = pairs[:: max(1, len(pairs) // COARSE)]
    errors = [
        np.mean([_error(a, b.at(0, 0, zoom)) for a, b in few])
        for zoom in ZOOMS
    ]
    start = float(ZOOMS[int(np.argmin(errors))])
    found = np.array([_refine(a, b, start) for a, b in pairs])
    right, down, zoom, error = np.median(found, axis=0)
    low, high = np.percentile(found[:, :2], (25, 75), axis=0)
    spread = (high - low).max() / 2
    return Framing(*map(float, (right, down, zoom, spread, error)))


def framed(
    hr: np.ndarray, lr_side: int, framing: Framing, scales: Sequence[int]
) -> tuple[np.ndarray, int]:
    """Cut the part that an LR face shows out of its HR face.

    Args:
        hr (np.ndarray): Square (H, H, 3) uint8.
        lr_side (int): Side of the LR face.
        framing (Framing): Of the folder.
        scales (Sequence[int]): Scales that are known.

    Returns:
        tuple[np.ndarray, int]: Square of whole pixels, and the scale; the
        image is continued by its border pixels where it ends. The scale is 0
        if it is none of those, and the HR face is as it was.
    """
    factor = framing.zoom * len(hr) / lr_side
    scale = min(scales, key=lambda one: abs(one - factor))
    if abs(factor / scale - 1) > LIKE_SCALE:
        return hr, 0
    side = scale * lr_side
    shifts = [
        0 if abs(s) < SMALL_SHIFT else s * scale
        for s in (framing.right, framing.down)
    ]
    left, top = (round((len(hr) - side) / 2 - s) for s in shifts)
    pad = max(0, -left, -top, left + side - len(hr), top + side - len(hr))
    large = np.pad(hr, ((pad, pad), (pad, pad), (0, 0)), 'edge')
    left, top = left + pad, top + pad
    return np.ascontiguousarray(
        large[top : top + side, left : left + side]
    ), scale


class _Reduced:
    """An HR face that is reduced with any framing, by Pillow bicubic."""

    def __init__(self, hr: np.ndarray, side: int) -> None:
        self.hr_side, self.side = len(hr), side
        self.pad = round(MARGIN * len(hr))
        gray = np.pad(_gray(hr), self.pad, 'edge').astype(np.float32)
        self.image = Image.fromarray(gray)

    def at(self, right: float, down: float, zoom: float) -> np.ndarray:
        """(side, side) float64."""
        part = zoom * self.hr_side
        pixel = part / self.side
        corner = self.pad + (self.hr_side - part) / 2
        left, top = corner - right * pixel, corner - down * pixel
        box = np.array((left, top, left + part, top + part))
        box = tuple(box.clip(0, self.image.width).tolist())
        size = (self.side, self.side)
        return np.array(
            self.image.resize(size, Image.BICUBIC, box=box), np.float64
        )


def _refine(
    lr: np.ndarray, hr: _Reduced, zoom: float
) -> tuple[float, float, float, float]:
    """Shift, zoom and error of a face."""
    right, down, log_zoom = 0.0, 0.0, float(np.log(zoom))
    place = np.arange(len(lr)) - (len(lr) - 1) / 2
    for _ in range(STEPS):
        made = hr.at(right, down, np.exp(log_zoom))
        by_y, by_x = np.gradient(made)
        slope = np.stack([-by_x, -by_y, by_x * place + by_y * place[:, None]])
        inner = [_inner(one).ravel() for one in slope]
        step = np.linalg.lstsq(
            np.array(inner).T, _inner(lr - made).ravel(), rcond=None
        )[0]
        step = step.clip(*np.array([(-1, -1, -0.1), (1, 1, 0.1)]))
        right, down, log_zoom = np.array((right, down, log_zoom)) + step
        right, down = np.clip((right, down), -len(lr) / 4, len(lr) / 4)
        log_zoom = float(np.clip(log_zoom, np.log(0.5), np.log(1.5)))
    zoom = float(np.exp(log_zoom))
    error = np.sqrt(_error(lr, hr.at(right, down, zoom)))
    return float(right), float(down), zoom, float(error)


def _gray(image: np.ndarray) -> np.ndarray:
    """Mean of the channels, whatever their order."""
    return image.mean(2)


def _inner(image: np.ndarray) -> np.ndarray:
    """An image without its border."""
    return image[BORDER:-BORDER, BORDER:-BORDER]


def _error(a: np.ndarray, b: np.ndarray) -> float:
    """Mean square difference inside the border."""
    return float(np.square(_inner(a - b)).mean())
