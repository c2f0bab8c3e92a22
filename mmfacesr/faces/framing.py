# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""How a face is cut out of a photograph: aligned, or by a square box.

Points are (x, y) in pixels with pixel centers at integers.
"""

from types import MappingProxyType

import cv2
import numpy as np

from mmfacesr.faces.schemes import five_from_68

FACE_SIZE = 128  # the central square that holds the face
MARGIN = 16  # around it, for shifted and rotated training crops
CROP_SIZE = FACE_SIZE + 2 * MARGIN
FRAMINGS = MappingProxyType(
    {
        'face': f'the central {FACE_SIZE} pixels of {CROP_SIZE}: the face',
        'head': f'all {CROP_SIZE} pixels: the face and its surroundings',
        'ffhq': 'the whole head, aligned as in FFHQ',
    }
)
"""How much of a head a network was trained to see -> in words.

Pixels are those of a crop of :func:`align_face`.
"""
# Eye centers, nose tip and mouth corners in the central 128x128 pixels: the
# median of 999 of the CelebA test crops published with FSRNet.
TEMPLATE_5 = np.array(
    [
        (46.54, 46.72),
        (81.90, 45.98),
        (64.15, 67.57),
        (49.42, 82.53),
        (81.03, 81.83),
    ]
)
# The same five points in 512 pixels of FFHQ's framing, as facexlib has them.
TEMPLATE_FFHQ = np.array(
    [
        (192.98138, 239.94708),
        (318.90277, 240.1936),
        (256.63416, 314.01935),
        (201.26117, 371.41043),
        (313.08905, 371.15118),
    ]
)
TEMPLATES = MappingProxyType(
    {
        'face': (TEMPLATE_5, FACE_SIZE),
        'head': (TEMPLATE_5 + MARGIN, CROP_SIZE),
        'ffhq': (TEMPLATE_FFHQ, 512),
    }
)
"""Framing -> its five points, and the side of the square they lie in."""
# A stronger reduction is averaged over areas first; one bicubic warp looks
# at 4x4 pixels only and would alias.
AREA_BELOW = 0.7
# The same framing without rotation, from the box of the 68 points: medians
# over 707 faces with human annotation aligned to TEMPLATE_5.
SQUARE_PER_BOX = 1.6
SHIFT_UP_PER_BOX = 0.1


def fit_similarity(points: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Find the least-squares similarity that maps points onto a target.

    With x + iy as complex numbers the map is z -> a z + b; the centered
    normal equation gives a.

    Args:
        points (np.ndarray): (K, 2).
        target (np.ndarray): (K, 2).

    Returns:
        np.ndarray: (2, 3) float64: rotation, one scale and shift, no mirror.

    Raises:
        ValueError: If all points are the same.
    """
    z, w = (np.asarray(p, np.float64) @ (1, 1j) for p in (points, target))
    centered = z - z.mean()
    spread = (abs(centered) ** 2).sum()
    if not spread > 0:
        raise ValueError(f'Expected different finite points, got {points}.')
    a = (centered.conj() * (w - w.mean())).sum() / spread
    b = w.mean() - a * z.mean()
    return np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]])


def map_points(matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Apply a (2, 3) affine matrix to (K, 2) points."""
    return np.asarray(points, np.float64) @ matrix[:, :2].T + matrix[:, 2]


def scale_pixels(places: np.ndarray, scale: float | np.ndarray) -> np.ndarray:
    """Say where places of an image lie once it is resized.

    Pixel centers are at integers, so the image begins at -0.5 and a place
    moves to (p + 0.5) * scale - 0.5.

    Args:
        places (np.ndarray): (..., 2).
        scale (float | np.ndarray): New pixels per old one, or (2,) of them.

    Returns:
        np.ndarray: (..., 2).
    """
    return places * scale + (scale - 1) / 2


def frame_matrix(points: np.ndarray, framing: str, size: int) -> np.ndarray:
    """Find the similarity that takes a face from its photo into a frame.

    Args:
        points (np.ndarray): (68, 2) of the face in the photo.
        framing (str): A key of :data:`FRAMINGS`.
        size (int): Side of the frame in pixels.

    Returns:
        np.ndarray: (2, 3) float64, from the photo to the frame.

    Raises:
        ValueError: If the framing is none, the shape of the points is
            another or they are all the same.
    """
    if framing not in TEMPLATES:
        raise ValueError(
            f'Expected a framing of {sorted(TEMPLATES)}, got {framing!r}; '
            "take it from the network's facts."
        )
    if np.shape(points) != (68, 2):
        raise ValueError(
            f'Expected points of shape (68, 2), got {np.shape(points)}; '
            'framing needs the iBUG points of one face.'
        )
    template, side = TEMPLATES[framing]
    return fit_similarity(
        five_from_68(points), scale_pixels(template, size / side)
    )


def reduce_for(
    image: np.ndarray, scale: float
) -> tuple[np.ndarray, np.ndarray]:
    """Average an image over areas where a warp is going to reduce it much.

    Args:
        image (np.ndarray): (H, W, C), at most 4 channels.
        scale (float): Output pixels of the warp per pixel of the image.

    Returns:
        tuple[np.ndarray, np.ndarray]: The image, resized if the scale is
        below `AREA_BELOW`, so that a bicubic warp takes the rest; and (2,)
        new pixels per old one along x and y.
    """
    if scale >= AREA_BELOW:
        return image, np.ones(2)
    height, width = image.shape[:2]
    size = max(1, round(width * scale)), max(1, round(height * scale))
    reduced = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return reduced, size / np.array((width, height))


def resized_source(
    matrix: np.ndarray, scale: float | np.ndarray
) -> np.ndarray:
    """Make the matrix of an image the one of the image resized.

    Args:
        matrix (np.ndarray): (2, 3), from the image to somewhere.
        scale (float | np.ndarray): New pixels per old one, or (2,) of them.

    Returns:
        np.ndarray: (2, 3), from the resized image to the same places.
    """
    back = 1 / np.broadcast_to(scale, 2)
    shift = map_points(matrix, [scale_pixels(np.zeros(2), back)])[0]
    return np.column_stack([matrix[:, :2] * back, shift])


def frame_face(image: np.ndarray, matrix: np.ndarray, size: int) -> np.ndarray:
    """Cut out what a frame shows of a photo.

    Args:
        image (np.ndarray): (H, W, 3) uint8.
        matrix (np.ndarray): (2, 3), from ``image`` to the frame.
        size (int): Side of the frame in pixels.

    Returns:
        np.ndarray: (size, size, 3) uint8, reflected where the frame reaches
        beyond the photo.
    """
    reduced, scale = reduce_for(image, scale_of(matrix))
    return cv2.warpAffine(
        reduced,
        resized_source(matrix, scale),
        (size, size),
        flags=cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REFLECT_101,
    )


def frame_side(matrix: np.ndarray, size: int) -> float:
    """Side of what a frame of that size shows, in pixels of the photo."""
    return size / scale_of(matrix)


def align_face(
    image: np.ndarray, points: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Cut a face out so that its eyes, nose and mouth meet the template.

    Args:
        image (np.ndarray): (H, W, 3) uint8.
        points (np.ndarray): (68, 2) of the face in ``image``.

    Returns:
        tuple[np.ndarray, np.ndarray]: The (160, 160, 3) uint8 crop, whose
        central 128x128 pixels hold the face, reflected where it reaches
        beyond the photograph; and the (2, 3) matrix from ``image`` to it.
    """
    matrix = frame_matrix(points, 'head', CROP_SIZE)
    return frame_face(image, matrix, CROP_SIZE), matrix


def scale_of(matrix: np.ndarray) -> float:
    """Output pixels per input pixel of a similarity."""
    return float(np.hypot(matrix[0, 0], matrix[1, 0]))


def square_around(points: np.ndarray) -> tuple[float, float, float, float]:
    """Frame an upright square around a face as the template does.

    Args:
        points (np.ndarray): (68, 2).

    Returns:
        tuple[float, float, float, float]: x, y, width, height.
    """
    low, high = points.min(0), points.max(0)
    box = float((high - low).max())
    center = (low + high) / 2 - (0, SHIFT_UP_PER_BOX * box)
    side = SQUARE_PER_BOX * box
    x, y = center - side / 2
    return float(x), float(y), side, side


def crop_square(
    image: np.ndarray, box: tuple[float, float, float, float]
) -> tuple[np.ndarray, tuple[int, int]]:
    """Crop the square around a box, moved inside the image.

    The side is the longer one of the box but at most the shorter one of the
    image; the center stays unless the square would leave the image. So every
    pixel is real.

    Args:
        image (np.ndarray): (H, W, 3).
        box (tuple[float, float, float, float]): x, y, width, height.

    Returns:
        tuple[np.ndarray, tuple[int, int]]: The crop (a view), and x, y of
        its first pixel.
    """
    x, y, width, height = box
    limits = image.shape[1], image.shape[0]
    side = min(max(1, round(max(width, height))), *limits)
    left, top = (
        min(max(round(start + (length - side) / 2), 0), limit - side)
        for start, length, limit in (
            (x, width, limits[0]),
            (y, height, limits[1]),
        )
    )
    return image[top : top + side, left : left + side], (left, top)
