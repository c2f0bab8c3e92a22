# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The 68 iBUG points of a drawn person, at rest and posed."""

import numpy as np

from mmfacesr.datasets.synthetic_faces.anatomy import CENTER, Head, look_up
from mmfacesr.datasets.synthetic_faces.person import Person

# Image-right half of an average face: rounded means of many faces.
JAW = (
    (0.02, 1.82),
    (0.28, 1.77),
    (0.51, 1.62),
    (0.74, 1.42),
    (0.90, 1.18),
    (1.01, 0.91),
    (1.06, 0.62),
    (1.10, 0.33),
    (1.12, 0.04),
)
BROW = (
    (0.185, -0.265),
    (0.385, -0.345),
    (0.595, -0.37),
    (0.80, -0.32),
    (0.935, -0.185),
)
EYE = (
    (-0.205, 0.022),
    (-0.072, -0.073),
    (0.075, -0.075),
    (0.205, 0.0),
    (0.082, 0.052),
    (-0.066, 0.052),
)  # 42-47 around their center
EYE_X = 0.5
MIRROR = np.array((-1.0, 1.0))


def _both_sides(
    right: np.ndarray, mirrored_order: list[int]
) -> tuple[np.ndarray, np.ndarray]:
    """Points of the image-left and image-right half, in iBUG order."""
    return (right * MIRROR)[mirrored_order], right


def _eyes(person: Person) -> tuple[np.ndarray, np.ndarray]:
    s = person.shape
    eye = np.array(EYE) * (s['eye_width'], s['eye_height'])
    squint = 1 - 0.18 * max(person.smile, 0)
    eye[[1, 2]] *= (1, person.eye_open * squint)
    eye[[4, 5]] *= (1, 0.7 * squint + 0.3 * person.eye_open)
    eye[:, 1] -= s['eye_slant'] * eye[:, 0] / 0.2
    return _both_sides(eye + (EYE_X, 0), [3, 2, 1, 0, 5, 4])


def _brows(person: Person) -> tuple[np.ndarray, np.ndarray]:
    s = person.shape
    brow = np.array(BROW)
    brow[:, 1] -= s['brow_height'] - s['brow_slant'] * (0.55 - brow[:, 0])
    brow[[1, 2, 3], 1] -= s['brow_arch'] * np.array((0.5, 1, 0.9))
    left, right = _both_sides(brow, [4, 3, 2, 1, 0])
    return left + (0, s['asymmetry']), right - (0, s['asymmetry'])


def _nose(person: Person) -> np.ndarray:
    s = person.shape
    tip = 0.53 * s['nose_length']
    bridge = [(0, y) for y in np.linspace(-0.03, tip, 4)]
    base = tip + 0.17
    wide = s['nose_width']
    below = [
        (-0.215 * wide, base - 0.04),
        (-0.11 * wide, base),
        (0, base + 0.035),
        (0.11 * wide, base),
        (0.215 * wide, base - 0.04),
    ]
    return np.array(bridge + below)


def _mouth(person: Person) -> np.ndarray:
    """Points 48-67: outer lips clockwise from the image-left corner."""
    s = person.shape
    smile = person.smile
    half = (
        0.43 * s['mouth_width'] * (1 + 0.13 * smile - 0.12 * person.mouth_open)
    )
    middle = 1.03 + s['mouth_height'] + 0.5 * (s['jaw_length'] - 1)
    middle += 0.4 * (s['nose_length'] - 1)
    gap = 0.008 + 0.24 * person.mouth_open
    thin = 1 - 0.15 * max(smile, 0)
    upper, lower = 0.085 * s['upper_lip'] * thin, 0.13 * s['lower_lip'] * thin

    def at(x: float, y: float, bend: float = 1.0) -> tuple[float, float]:
        lift = smile * 0.075 * bend * (2 * x * x - 1)
        return half * x, middle - lift + y

    def open_at(x: float) -> float:
        return gap * (1 - abs(x) ** 2.5)

    up = [
        at(-1, 0),
        at(-0.64, -0.72 * upper),
        at(-0.24, -1.12 * upper),
        at(0, -0.9 * upper),
        at(0.24, -1.12 * upper),
        at(0.64, -0.72 * upper),
        at(1, 0),
    ]
    down = [
        at(x, open_at(x) + lower * share)
        for x, share in (
            (0.66, 0.60),
            (0.28, 0.97),
            (0, 1.0),
            (-0.28, 0.97),
            (-0.66, 0.60),
        )
    ]
    inner_up = [
        at(-0.88, 0),
        at(-0.26, 0.0),
        at(0, 0.012),
        at(0.26, 0.0),
        at(0.88, 0),
    ]
    inner_down = [
        at(x, open_at(x) + 0.012 * (x == 0)) for x in (0.26, 0.0, -0.26)
    ]
    points = np.array(up + down + inner_up + inner_down)
    return points + (2 * s['asymmetry'], 0)


def resting_points(person: Person) -> np.ndarray:
    """The 68 points on the frontal plane of the unrotated head.

    Args:
        person (Person): The drawn person.

    Returns:
        np.ndarray: (68, 2). Points 0-16 only give directions from the
        center of the head; `posed_points` finds the contour.
    """
    s = person.shape
    jaw = np.array(JAW)
    jaw[:, 1] = CENTER[1] + (jaw[:, 1] - CENTER[1]) * s['jaw_length']
    jaw[0, 0] = 0
    left_brow, right_brow = _brows(person)
    left_eye, right_eye = _eyes(person)
    return np.concatenate(
        [
            (jaw * MIRROR)[:0:-1],
            jaw,
            left_brow,
            right_brow,
            _nose(person),
            left_eye,
            right_eye,
            _mouth(person),
        ]
    )


def _jaw_points(head: Head, rotation: np.ndarray) -> np.ndarray:
    """Points 0-16 on the visible contour of the face.

    The annotation follows the contour that is seen: where the head turns
    it away, a point slides forward over the skin to the new contour.
    """
    start = np.zeros((17, 1, 3))
    start[:, 0, :2] = head.rest[:17] - CENTER[:2]
    start /= np.linalg.norm(start, axis=-1, keepdims=True)
    angle = np.radians(np.linspace(10, 75, 66))[None, :, None]
    sweep = np.cos(angle) * start + np.sin(angle) * np.array((0, 0, 1.0))
    radius = look_up(head.skin, sweep.astype(np.float32))
    points = CENTER + radius[..., None] * sweep  # (17, 66, 3)
    row = np.arange(17)
    front = ((points - CENTER) * start).sum(-1).argmax(1)
    outward = start[:, 0, :2] @ rotation[:2, :2].T
    extent = ((points @ rotation.T)[..., :2] * outward[:, None]).sum(-1)
    extent[np.arange(66) < front[:, None]] = -np.inf
    return points[row, extent.argmax(1)]


def posed_points(head: Head, rotation: np.ndarray) -> np.ndarray:
    """The 68 points in space, for a head turned by a rotation.

    Args:
        head (Head): The head at rest.
        rotation (np.ndarray): (3, 3), head axes to view axes.

    Returns:
        np.ndarray: (68, 3) in head axes.
    """
    return np.concatenate(
        [_jaw_points(head, rotation), head.lift(head.rest[17:])]
    )
