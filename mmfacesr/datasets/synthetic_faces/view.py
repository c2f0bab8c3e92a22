# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""From head axes to the picture, and a canvas to paint on.

Picture coordinates run from 0 to 1 over the side of the picture whatever its
size, so that one seed is one face at every size; pixel i of a picture of side
K has its center at (i + 0.5) / K.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from mmfacesr.datasets.synthetic_faces.anatomy import Head
from mmfacesr.datasets.synthetic_faces.landmarks import posed_points
from mmfacesr.datasets.synthetic_faces.person import Person

# Eye centers of an aligned crop: (46.5, 46.7) and (81.9, 46.0) in the
# central 128 of 160 pixels.
EYE_PLACES = (np.array(((46.5, 46.7), (81.9, 46.0))) + 16.5) / 160
SHIFT = 4  # fractional bits of cv2's drawing coordinates


@dataclass(frozen=True)
class View:
    """A weak-perspective camera.

    Attributes:
        rotation (np.ndarray): (3, 3), head axes to view axes (x right,
            y down, z to the camera), roll of the picture included.
        scale (float): Picture sides per eye distance.
        shift (np.ndarray): (2,) place of the head's origin.
    """

    rotation: np.ndarray
    scale: float
    shift: np.ndarray

    def project(self, points: np.ndarray) -> np.ndarray:
        """Place points (..., 3) of head axes in the picture, (..., 2)."""
        return (points @ self.rotation[:2].T) * self.scale + self.shift

    def rays(self, side: int) -> np.ndarray:
        """Head-axes points at depth 0 of all pixels, (side, side, 3)."""
        axis = (np.arange(side) + 0.5) / side
        x = (axis - self.shift[0]) / self.scale
        y = (axis - self.shift[1]) / self.scale
        return (
            x[None, :, None] * self.rotation[0]
            + y[:, None, None] * self.rotation[1]
        ).astype(np.float32)

    @property
    def toward(self) -> np.ndarray:
        """Unit step to the camera in head axes."""
        return self.rotation[2].astype(np.float32)


def rotation_matrix(yaw: float, pitch: float, roll: float) -> np.ndarray:
    """Turn about y, then x, then z; angles in radians."""
    (sy, cy), (sp, cp), (sr, cr) = (
        (np.sin(a), np.cos(a)) for a in (yaw, pitch, roll)
    )
    about_y = np.array(((cy, 0, sy), (0, 1, 0), (-sy, 0, cy)))
    about_x = np.array(((1, 0, 0), (0, cp, sp), (0, -sp, cp)))
    about_z = np.array(((cr, -sr, 0), (sr, cr, 0), (0, 0, 1)))
    return about_z @ about_x @ about_y


def _similarity(
    source: np.ndarray, target: np.ndarray
) -> tuple[float, float, np.ndarray]:
    """Scale, angle and shift that take two points to two others."""
    a, b = source[1] - source[0], target[1] - target[0]
    scale = np.hypot(*b) / np.hypot(*a)
    angle = np.arctan2(b[1], b[0]) - np.arctan2(a[1], a[0])
    turn = np.array(
        ((np.cos(angle), -np.sin(angle)), (np.sin(angle), np.cos(angle)))
    )
    return scale, angle, target.mean(0) - scale * turn @ source.mean(0)


def aligned_view(person: Person, head: Head) -> View:
    """The camera of an aligned crop: eyes at EYE_PLACES, with jitter."""
    rng = person.stream('aligned')
    rotation = rotation_matrix(person.yaw, person.pitch, person.roll)
    points = posed_points(head, rotation)
    eyes = np.stack([points[36:42].mean(0), points[42:48].mean(0)])
    turn = rng.normal(0, 0.025)
    place = EYE_PLACES.mean(0) + rng.normal(0, 0.008, 2)
    half = (EYE_PLACES[1] - EYE_PLACES[0]) / 2 * rng.normal(1, 0.03)
    half = np.array((half[0] - turn * half[1], half[1] + turn * half[0]))
    target = np.stack([place - half, place + half])
    scale, angle, shift = _similarity((eyes @ rotation.T)[:, :2], target)
    return View(rotation_matrix(0, 0, angle) @ rotation, scale, shift)


def portrait_view(person: Person, head: Head) -> View:
    """The camera of a photo: the face smaller, tilted and off-center."""
    rng = person.stream('portrait')
    rotation = rotation_matrix(person.yaw, person.pitch, person.roll)
    scale = rng.uniform(0.11, 0.17)
    place = np.array((rng.uniform(0.40, 0.60), rng.uniform(0.36, 0.48)))
    points = posed_points(head, rotation)
    middle = points[36:48].mean(0) @ rotation.T
    return View(rotation, scale, place - scale * middle[:2])


def smooth_curve(points: np.ndarray, steps: int = 8) -> np.ndarray:
    """Catmull-Rom curve through points (n, d), ((n - 1) * steps + 1, d)."""
    ends = np.concatenate(
        [2 * points[:1] - points[1:2], points, 2 * points[-1:] - points[-2:-1]]
    )
    t = (np.arange(steps) / steps)[:, None]
    p0, p1, p2, p3 = (ends[i : len(ends) - 3 + i, None] for i in range(4))
    curve = 0.5 * (
        2 * p1
        + (p2 - p0) * t
        + (2 * p0 - 5 * p1 + 4 * p2 - p3) * t**2
        + (3 * p1 - p0 - 3 * p2 + p3) * t**3
    )
    return np.concatenate([curve.reshape(-1, points.shape[1]), points[-1:]])


class Canvas:
    """A picture in [0, 1] on which shapes of picture coordinates are put.

    Args:
        picture (np.ndarray): (K, K, 3) float32, painted in place.
        clip (np.ndarray, optional): (K, K), where paint may go, in [0, 1].
    """

    def __init__(
        self, picture: np.ndarray, clip: np.ndarray | None = None
    ) -> None:
        self.picture = picture
        self.side = len(picture)
        self.clip = clip

    def _box(
        self, points: np.ndarray, margin: float
    ) -> tuple[int, int, int, int]:
        low = np.floor((points.min(0) - margin) * self.side).astype(int) - 2
        high = np.ceil((points.max(0) + margin) * self.side).astype(int) + 2
        x0, y0 = np.clip(low, 0, self.side)
        x1, y1 = np.clip(high, 0, self.side)
        return int(x0), int(y0), int(x1), int(y1)

    def _fixed(self, points: np.ndarray, box: tuple) -> np.ndarray:
        """Drawing coordinates of cv2 in a box of the canvas."""
        pixels = points * self.side - 0.5 - np.array(box[:2])
        return np.round(pixels * 2**SHIFT).astype(np.int32)

    def _blend(
        self, box: tuple, mask: np.ndarray, color: tuple | np.ndarray
    ) -> None:
        x0, y0, x1, y1 = box
        if self.clip is not None:
            mask = mask * self.clip[y0:y1, x0:x1]
        area = self.picture[y0:y1, x0:x1]
        area += mask[..., None] * (np.asarray(color, np.float32) - area)

    def _soften(self, mask: np.ndarray, soft: float) -> np.ndarray:
        sigma = soft * self.side
        mask = mask.astype(np.float32) / 255
        return cv2.GaussianBlur(mask, (0, 0), sigma) if sigma > 0.3 else mask

    def fill(
        self,
        points: np.ndarray,
        color: tuple,
        opacity: float = 1.0,
        soft: float = 0.0,
        inside: np.ndarray | None = None,
    ) -> None:
        """Fill a polygon.

        Args:
            points (np.ndarray): (n, 2) in picture coordinates.
            color (tuple): RGB.
            opacity (float): 0 to 1.
            soft (float): Blur of its edge, in picture sides.
            inside (np.ndarray, optional): (m, 2), a second polygon that
                bounds the first.
        """
        box = self._box(points, 3 * soft)
        if box[0] >= box[2] or box[1] >= box[3]:
            return
        masks = []
        for polygon in (points,) if inside is None else (points, inside):
            mask = np.zeros((box[3] - box[1], box[2] - box[0]), np.uint8)
            cv2.fillPoly(
                mask, [self._fixed(polygon, box)], 255, cv2.LINE_AA, SHIFT
            )
            masks.append(mask)
        mask = self._soften(masks[0], soft) * opacity
        if inside is not None:
            mask *= masks[1].astype(np.float32) / 255
        self._blend(box, mask, color)

    def strokes(
        self,
        lines: list[np.ndarray],
        width: float,
        color: tuple,
        opacity: float = 1.0,
        soft: float = 0.0,
    ) -> None:
        """Draw lines; those thinner than a pixel become fainter instead.

        Args:
            lines (list): Each (n, 2), in picture coordinates.
            width (float): In picture sides.
            color (tuple): RGB.
            opacity (float): 0 to 1.
            soft (float): Blur, in picture sides.
        """
        if not lines:
            return
        box = self._box(np.concatenate(lines), width + 3 * soft)
        if box[0] >= box[2] or box[1] >= box[3]:
            return
        pixels = width * self.side
        mask = np.zeros((box[3] - box[1], box[2] - box[0]), np.uint8)
        cv2.polylines(
            mask,
            [self._fixed(line, box) for line in lines],
            False,
            int(255 * min(pixels, 1)),
            max(1, round(pixels)),
            cv2.LINE_AA,
            SHIFT,
        )
        self._blend(box, self._soften(mask, soft) * opacity, color)
