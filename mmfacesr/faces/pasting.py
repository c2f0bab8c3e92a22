# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""How a restored face goes back into its photograph.

The photograph is not replaced; what the network changed is added to it:

    photo + mask * warp_back(SR - crop)

with `crop` the photo's own face in the frame, as the network saw it. So a
network that changes nothing leaves every pixel alone, and detail of the
photo that the frame cannot hold stays.

Points are (x, y) in pixels with pixel centers at integers.
"""

import cv2
import numpy as np

from mmfacesr.faces.framing import (
    map_points,
    reduce_for,
    resized_source,
    scale_of,
    scale_pixels,
)
from mmfacesr.faces.schemes import (
    CHIN_68,
    LEFT_BROW_68,
    LEFT_EYE_68,
    RIGHT_BROW_68,
    RIGHT_EYE_68,
)

# The points end at the brows. Raised by this share of the way from the chin
# to the brows they reach about the hairline, where a forehead is narrower.
FOREHEAD = 0.3
FOREHEAD_WIDTH = 0.7  # of the width of the brows
# How far the mask reaches beyond the hull, in distances of the eyes.
SOFTNESS = 0.3
# Shares of a frame: its empty border, and the ramp inside of that, which
# ends at 0.9: chins are at 0.86 in 'face' and at 0.91 in 'ffhq' (medians).
EMPTY_BORDER = 1 / 64
BORDER_RAMP = 1 / 12
SUBPIXEL_BITS = 4  # of OpenCV's polygons


def face_mask(points: np.ndarray, matrix: np.ndarray, size: int) -> np.ndarray:
    """Say where in a frame the face is.

    Args:
        points (np.ndarray): (68, 2) of the face in the photo.
        matrix (np.ndarray): (2, 3), from the photo to the frame.
        size (int): Side of the frame in pixels.

    Returns:
        np.ndarray: (size, size) float32: 1 on the face from the chin to the
        forehead, falling smoothly to 0 around it and towards the border of
        the frame, which is exactly 0.
    """
    points = map_points(matrix, points)
    eyes = points[LEFT_EYE_68].mean(0) - points[RIGHT_EYE_68].mean(0)
    softness = max(1.0, SOFTNESS * float(np.hypot(*eyes)))
    mask = _ease(
        1 - _distance_to_hull(_with_forehead(points), size) / softness
    )
    middle = (size - 1) / 2
    inwards = size / 2 - abs(np.arange(size) - middle)  # 0.5 at the border
    border = _ease((inwards / size - EMPTY_BORDER) / BORDER_RAMP)
    return (mask * border * border[:, None]).astype(np.float32)


def _with_forehead(points: np.ndarray) -> np.ndarray:
    """Add the brows, drawn together and raised from the chin: (78, 2)."""
    brows = np.concatenate([points[LEFT_BROW_68], points[RIGHT_BROW_68]])
    middle = brows.mean(0)
    up = FOREHEAD * (middle - points[CHIN_68])
    raised = middle + up + FOREHEAD_WIDTH * (brows - middle)
    return np.concatenate([points, raised])


def _distance_to_hull(points: np.ndarray, size: int) -> np.ndarray:
    """Distance of every pixel of a square to the hull of points: 0 inside."""
    hull = cv2.convexHull(points.astype(np.float32))
    outside = np.ones((size, size), np.uint8)
    corners = np.round(hull * 2**SUBPIXEL_BITS).astype(np.int32)
    cv2.fillConvexPoly(outside, corners, 0, cv2.LINE_8, SUBPIXEL_BITS)
    return cv2.distanceTransform(outside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)


def _ease(x: np.ndarray) -> np.ndarray:
    """Rise from 0 to 1 while x does, without a kink at either end."""
    x = np.clip(x, 0, 1)
    return x * x * (3 - 2 * x)


def face_change(
    sr: np.ndarray,
    crop: np.ndarray,
    mask: np.ndarray,
    matrix: np.ndarray,
    shape: tuple[int, int],
    keep_color: bool = True,
) -> tuple[int, int, np.ndarray] | None:
    """Find what a restored face adds to its photo.

    Args:
        sr (np.ndarray): (size, size, 3) restored frame, uint8 or float in
            [0, 255]; need not be rounded.
        crop (np.ndarray): (size, size, 3) uint8, what the frame showed of
            the photo before.
        mask (np.ndarray): (size, size) float32 of :func:`face_mask`.
        matrix (np.ndarray): (2, 3), from the photo to the frame.
        shape (tuple[int, int]): Height and width of the photo.
        keep_color (bool): Whether the mean color within the mask stays as
            it is. Defaults to True.

    Returns:
        tuple[int, int, np.ndarray] | None: x, y of the first pixel of a box
        in the photo and (h, w, 3) float32 to add to it there, 0 where the
        mask is 0; None if nothing of the face lies in the photo.

    Raises:
        ValueError: If the frames differ in size.
    """
    if not sr.shape == crop.shape == (*mask.shape, 3):
        raise ValueError(
            'Expected sr and crop of shape (size, size, 3) and a mask of '
            f'(size, size), got {sr.shape}, {crop.shape} and {mask.shape}; '
            'resize them to one frame.'
        )
    box = _box_in_photo(mask, matrix, shape)
    if box is None:
        return None
    x, y, width, height = box
    change = sr.astype(np.float32) - crop
    if keep_color:
        change -= _mean_color(change, mask)
    layers = np.dstack([change, mask])
    warped = _warp_back(layers, _from_corner(matrix, x, y), (width, height))
    weight = np.clip(warped[..., 3:], 0, 1)  # a bicubic warp overshoots
    if not weight.any():
        return None
    return x, y, warped[..., :3] * weight


def _mean_color(change: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Mean of (size, size, 3) per channel, weighted by a mask: (3,)."""
    weight = mask.astype(np.float64)
    mean = np.tensordot(weight, change, 2) / max(weight.sum(), 1e-12)
    return mean.astype(np.float32)


def _from_corner(matrix: np.ndarray, x: int, y: int) -> np.ndarray:
    """Make the matrix of a photo the one of its part from (x, y) on."""
    return np.column_stack([matrix[:, :2], map_points(matrix, [(x, y)])[0]])


def _box_in_photo(
    mask: np.ndarray, matrix: np.ndarray, shape: tuple[int, int]
) -> tuple[int, int, int, int] | None:
    """Pixels of the photo that a mask can reach: x, y, width, height."""
    x, y, width, height = cv2.boundingRect((mask > 0).astype(np.uint8))
    if not width:
        return None
    # The neighbors of a bicubic warp, also after averaging over areas.
    reach = 2 * max(1.0, scale_of(matrix))
    low, high = np.array([(x, y), (x + width, y + height)])
    low, high = low - reach, high + reach
    corners = [low, (low[0], high[1]), high, (high[0], low[1])]
    placed = map_points(cv2.invertAffineTransform(matrix), corners)
    first = np.maximum(np.floor(placed.min(0)), 0).astype(int)
    end = np.minimum(np.ceil(placed.max(0)) + 1, shape[::-1]).astype(int)
    if (first >= end).any():
        return None
    return *map(int, first), *map(int, end - first)


def _warp_back(
    layers: np.ndarray, matrix: np.ndarray, size: tuple[int, int]
) -> np.ndarray:
    """Warp (h, w, C) of a frame into (width, height) of the photo.

    `matrix` is the one from the photo to the frame.
    """
    reduced, scale = reduce_for(layers, 1 / scale_of(matrix))
    to_reduced = np.column_stack(
        [matrix[:, :2] * scale[:, None], scale_pixels(matrix[:, 2], scale)]
    )
    return cv2.warpAffine(
        reduced, to_reduced, size, flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    )


def upscaled_matrix(matrix: np.ndarray, factor: int) -> np.ndarray:
    """Make the matrix of a photo the one of the photo enlarged.

    Args:
        matrix (np.ndarray): (2, 3), from the photo to the frame.
        factor (int): Pixels of the enlarged photo per pixel of the photo.

    Returns:
        np.ndarray: (2, 3), from the enlarged photo to the frame.

    Raises:
        ValueError: If the factor is below 1.
    """
    if factor < 1:
        raise ValueError(
            f'Expected a factor of at least 1, got {factor}; a photo is '
            'enlarged or kept.'
        )
    return resized_source(matrix, factor)


def paste_released(
    image: np.ndarray, sr: np.ndarray, matrix: np.ndarray, factor: int = 1
) -> np.ndarray:
    """Paste a face as the script released with SPARNetHD does, with a seam.

    Only to compare with that script: the face replaces the photo up to the
    edge of the frame, channel values of 0 count as outside, and pixel
    corners are at integers.

    Args:
        image (np.ndarray): (H, W, 3) uint8 photo.
        sr (np.ndarray): (size, size, 3) uint8 restored frame.
        matrix (np.ndarray): (2, 3), from the photo to the frame.
        factor (int): Enlarges the photo first. Defaults to 1.

    Returns:
        np.ndarray: (H * factor, W * factor, 3) uint8.
    """
    canvas = cv2.resize(
        image, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC
    )
    placed = cv2.warpAffine(
        sr,
        np.column_stack([matrix[:, :2] / factor, matrix[:, 2]]),
        canvas.shape[1::-1],
        flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
    )
    outside = cv2.dilate((placed == 0).astype(np.uint8), np.ones((5, 5)))
    return np.where(outside > 0, canvas, placed)
