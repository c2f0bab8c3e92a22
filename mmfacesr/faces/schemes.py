# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Named index groups of the landmark schemes, all indices 0-based.

"Left" and "right" mean left and right in the image of an upright face, so
the left eye is the subject's right one. Points are (x, y) in pixels with
pixel centers at integers.

Source: the 68-point mark-up of iBUG 300-W (Sagonas et al., 2013) and the
5-point order of CelebA.
"""

from types import MappingProxyType

import numpy as np

JAW_68 = slice(0, 17)
LEFT_BROW_68 = slice(17, 22)
RIGHT_BROW_68 = slice(22, 27)
NOSE_68 = slice(27, 36)
LEFT_EYE_68 = slice(36, 42)
RIGHT_EYE_68 = slice(42, 48)
MOUTH_68 = slice(48, 68)
INNER_68 = slice(17, 68)  # all without the jaw line

CHIN_68 = 8
LEFT_OUTER_EYE_CORNER_68 = 36
RIGHT_OUTER_EYE_CORNER_68 = 45
LEFT_INNER_EYE_CORNER_68 = 39
RIGHT_INNER_EYE_CORNER_68 = 42
NOSE_TIP_68 = 30
LEFT_MOUTH_CORNER_68 = 48
RIGHT_MOUTH_CORNER_68 = 54

# Row k of a mirrored face is row FLIP_*[k] of the face.
FLIP_68 = np.array(
    [*range(16, -1, -1)]  # jaw
    + [*range(26, 16, -1)]  # brows
    + [27, 28, 29, 30, 35, 34, 33, 32, 31]  # nose
    + [45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40]  # eyes
    + [54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55]  # outer lip
    + [64, 63, 62, 61, 60, 67, 66, 65]
)  # inner lip
# left eye, right eye, nose, left mouth corner, right mouth corner
FLIP_5 = np.array([1, 0, 2, 4, 3])
FLIP_68.setflags(write=False)
FLIP_5.setflags(write=False)

NUM_POINTS = MappingProxyType({'ibug68': 68, 'celeba5': 5})
_FLIPS = MappingProxyType({68: FLIP_68, 5: FLIP_5})


def flip_indices(num_points: int) -> np.ndarray:
    """Order of the points after a horizontal mirror.

    Args:
        num_points (int): 68 (iBUG) or 5 (CelebA).

    Returns:
        np.ndarray: (num_points,) read-only indices, their own inverse.

    Raises:
        ValueError: If no scheme has that number of points.
    """
    if num_points not in _FLIPS:
        raise ValueError(
            f'Expected {sorted(_FLIPS)} points, got '
            f'{num_points}; no mirror order is known for them.'
        )
    return _FLIPS[num_points]


def five_from_68(points: np.ndarray) -> np.ndarray:
    """Reduce 68 iBUG points to the 5 of CelebA.

    Args:
        points (np.ndarray): (..., 68, 2) x, y.

    Returns:
        np.ndarray: (..., 5, 2): centers of the six points of each eye, nose
        tip, outer mouth corners.
    """
    return np.stack(
        [
            points[..., LEFT_EYE_68, :].mean(-2),
            points[..., RIGHT_EYE_68, :].mean(-2),
            points[..., NOSE_TIP_68, :],
            points[..., LEFT_MOUTH_CORNER_68, :],
            points[..., RIGHT_MOUTH_CORNER_68, :],
        ],
        -2,
    )
