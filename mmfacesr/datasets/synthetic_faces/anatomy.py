# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The head as a star-shaped surface, and the 68 points on it.

Seen from CENTER, every direction meets the head once, at a radius that is
tabulated over the stereographic coordinates u = d.x / (1 + d.z),
v = d.y / (1 + d.z) of the direction d. Rays are marched against that table.
Proportions follow the common averages of adult faces.
"""

from dataclasses import dataclass, field
from functools import lru_cache

import cv2
import numpy as np

from mmfacesr.datasets.synthetic_faces.person import Person

CENTER = np.array((0.0, 0.25, 0.0), np.float32)
REACH = 2.0  # |u|, |v| of the table; directions beyond are behind the head
FRONT = 0.95  # |u|, |v| of the part that carries the features
CELLS = 257
FRONT_X, FRONT_Y = (-1.05, 1.05), (-0.95, 1.85)  # where points are lifted
NEAR, FAR = 2.1, -1.3  # z between which the visible surface lies


def smoothstep(low: float, high: float, value: np.ndarray) -> np.ndarray:
    """0 below low, 1 above high, a cubic between."""
    t = np.clip((value - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def bump(
    points: np.ndarray, x: float, y: float, width: float, height: float
) -> np.ndarray:
    """Gaussian of height 1 at (x, y) over the frontal plane."""
    return np.exp(
        -0.5
        * (
            ((points[..., 0] - x) / width) ** 2
            + ((points[..., 1] - y) / height) ** 2
        )
    )


def ellipsoid_radius(
    direction: np.ndarray, center: tuple, axes: tuple
) -> np.ndarray:
    """Distance from CENTER to an ellipsoid that contains CENTER.

    Args:
        direction (np.ndarray): (..., 3) unit vectors.
        center (tuple): Its center (x, y, z).
        axes (tuple): Its half axes.

    Returns:
        np.ndarray: (...) radii.
    """
    axes = np.array(axes, np.float32)
    o = (CENTER - np.array(center, np.float32)) / axes
    a = (direction * direction) @ (1 / axes**2)
    b = direction @ (o / axes)
    c = float(o @ o) - 1
    return (-b + np.sqrt(np.maximum(b * b - a * c, 0))) / a


def soft_max(radii: list[np.ndarray], sharpness: float) -> np.ndarray:
    """Smooth maximum: the union of shapes with a rounded seam."""
    stack = np.stack(radii)
    top = stack.max(0)
    return top + np.log(np.exp(sharpness * (stack - top)).mean(0)) / sharpness


@lru_cache(maxsize=1)
def table_directions() -> np.ndarray:
    """Unit direction of every cell of a table, (CELLS, CELLS, 3)."""
    axis = np.linspace(-REACH, REACH, CELLS, dtype=np.float32)
    u, v = np.meshgrid(axis, axis)
    square = u * u + v * v
    directions = np.stack([2 * u, 2 * v, 1 - square], -1)
    directions /= (1 + square)[..., None]
    directions.setflags(write=False)
    return directions


def look_up(table: np.ndarray, offset: np.ndarray) -> np.ndarray:
    """Read a table at the directions of offsets from CENTER.

    Args:
        table (np.ndarray): (CELLS, CELLS) float32.
        offset (np.ndarray): (h, w, 3) points minus CENTER.

    Returns:
        np.ndarray: (h, w) float32.
    """
    x, y, z = (offset[..., i] for i in range(3))
    return _read(table, x, y, z, np.sqrt(x * x + y * y + z * z))


def _read(
    table: np.ndarray,
    x: np.ndarray,
    y: np.ndarray,
    z: np.ndarray,
    length: np.ndarray,
) -> np.ndarray:
    """`look_up` for separate coordinates, each (h, w), of known length."""
    scale = (CELLS - 1) / (2 * REACH) / np.maximum(length + z, 1e-4)
    middle = (CELLS - 1) / 2
    u, v = x * scale + middle, y * scale + middle
    return cv2.remap(
        table,
        u.astype(np.float32, copy=False),
        v.astype(np.float32, copy=False),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )


class _Rays:
    """Parallel rays against a table of radii.

    Args:
        table (np.ndarray): Radii, (CELLS, CELLS).
        origin (np.ndarray): (h, w, 3) points of the rays at depth 0.
        direction (np.ndarray): (3,) unit step of depth, to the viewer.
    """

    def __init__(
        self, table: np.ndarray, origin: np.ndarray, direction: np.ndarray
    ) -> None:
        self.table = table
        self.step = [float(v) for v in direction]
        self.start = [
            np.ascontiguousarray(origin[..., i] - CENTER[i]) for i in range(3)
        ]
        x, y, z = self.start
        a, b, c = self.step
        self.square = x * x + y * y + z * z
        self.along = 2 * (a * x + b * y + c * z)

    def outside(self, depth: np.ndarray | float) -> np.ndarray:
        """Height above the surface at a depth; negative inside."""
        length = np.sqrt(self.square + depth * self.along + depth * depth)
        x, y, z = (s + depth * d for s, d in zip(self.start, self.step))
        return length - _read(self.table, x, y, z, length)


def march(
    table: np.ndarray,
    origin: np.ndarray,
    direction: np.ndarray,
    slices: int = 18,
) -> tuple[np.ndarray, np.ndarray]:
    """First meeting of parallel rays with the surface.

    Args:
        table (np.ndarray): Radii, (CELLS, CELLS).
        origin (np.ndarray): (h, w, 3) points of the rays at depth 0.
        direction (np.ndarray): (3,) unit step of depth, to the viewer.
        slices (int): Samples along a ray before the refinement.

    Returns:
        tuple: Depth (h, w) along direction, and the signed distance (h, w)
        of the ray from the silhouette (negative inside).
    """
    rays = _Rays(table, origin, direction)
    depths = np.linspace(NEAR, FAR, slices).tolist()
    last = rays.outside(depths[0])
    nearest = last.copy()
    shape, gap = last.shape, depths[0] - depths[1]
    low = np.full(shape, FAR, np.float32)
    high_value, low_value = last.copy(), np.full(shape, -1, np.float32)
    open_ray = np.ones(shape, bool)
    for depth in depths[1:]:
        value = rays.outside(depth)
        np.minimum(nearest, value, out=nearest)
        hit = open_ray & (value <= 0)
        low[hit] = depth
        low_value[hit], high_value[hit] = value[hit], last[hit]
        open_ray &= ~hit
        last = value
    high = low + np.float32(gap)
    for _ in range(4):
        share = high_value / np.maximum(high_value - low_value, 1e-6)
        middle = high + np.clip(share, 0.05, 0.95) * (low - high)
        value = rays.outside(middle)
        above = value > 0
        high = np.where(above, middle, high)
        high_value = np.where(above, value, high_value)
        low = np.where(above, low, middle)
        low_value = np.where(above, low_value, value)
    depth = np.where(open_ray, np.float32(FAR), 0.5 * (high + low))
    return depth, nearest


@dataclass(frozen=True)
class Head:
    """A head at rest.

    Attributes:
        skin (np.ndarray): Radii of the skin, (CELLS, CELLS).
        hair (np.ndarray): How far the hair stands above the skin; negative
            where there is none.
        both (np.ndarray): Radii of the outermost of the two.
        rest (np.ndarray): The 68 points on the frontal plane, (68, 2);
            those of the jaw are starting points for `jaw_points`.
    """

    skin: np.ndarray
    hair: np.ndarray
    both: np.ndarray
    rest: np.ndarray
    _front: np.ndarray = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Map the depth of the skin behind every point of the front."""
        x = np.linspace(*FRONT_X, 125, dtype=np.float32)
        y = np.linspace(*FRONT_Y, 161, dtype=np.float32)
        origin = np.stack([*np.meshgrid(x, y), np.zeros((161, 125))], -1)
        depth, _ = march(self.skin, origin.astype(np.float32), (0, 0, 1))
        object.__setattr__(self, '_front', depth)

    def lift(self, points: np.ndarray) -> np.ndarray:
        """Put points of the frontal plane on the skin.

        Args:
            points (np.ndarray): (n, 2), within FRONT_X and FRONT_Y.

        Returns:
            np.ndarray: (n, 3).
        """
        rows, columns = self._front.shape
        x = (points[:, 0] - FRONT_X[0]) / (FRONT_X[1] - FRONT_X[0])
        y = (points[:, 1] - FRONT_Y[0]) / (FRONT_Y[1] - FRONT_Y[0])
        depth = cv2.remap(
            self._front,
            (x * (columns - 1)).astype(np.float32)[:, None],
            (y * (rows - 1)).astype(np.float32)[:, None],
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        return np.concatenate([points, depth], 1)


def skin_table(person: Person, rest: np.ndarray) -> np.ndarray:
    """Radii of the skin, shaped by the person and the 68 resting points."""
    s = person.shape
    d = table_directions()
    width, jaw = s['face_width'], s['jaw_width']
    low = 0.85 * s['jaw_length']
    base = soft_max(
        [
            ellipsoid_radius(
                d, (0, -0.45, -0.15), (1.19 * width, 1.36 * s['forehead'], 1.5)
            ),
            ellipsoid_radius(d, (0, 0.22, 0.0), (1.10 * width, 1.15, 1.32)),
            ellipsoid_radius(
                d, (0, low, 0.15), (0.88 * jaw, 0.94 * s['jaw_length'], 1.08)
            ),
        ],
        14.0,
    )
    base += 0.17 * _ears(base[..., None] * d + CENTER)
    first = round((1 - FRONT / REACH) * (CELLS - 1) / 2)
    part = (slice(first, CELLS - first),) * 2
    facing = smoothstep(-0.05, 0.3, d[part][..., 2])
    front = base[part][..., None] * d[part] + CENTER
    base[part] += facing * _relief(person, front, rest)
    return base.astype(np.float32)


def _ears(points: np.ndarray) -> np.ndarray:
    """How much a point of the plain head belongs to an ear, 0 to 1."""
    x, y, z = (points[..., i] for i in range(3))
    return np.exp(
        -0.5
        * (
            ((np.abs(x) - 1.1) / 0.2) ** 2
            + ((y - 0.32) / 0.26) ** 4
            + ((z + 0.05) / 0.11) ** 2
        )
    )


def _relief(person: Person, front: np.ndarray, rest: np.ndarray) -> np.ndarray:
    """Height of the features above the plain head."""
    s = person.shape
    mirrored = front.copy()
    mirrored[..., 0] = np.abs(front[..., 0])
    mouth = rest[48:68].mean(0)
    corner = rest[54]
    chin = rest[8, 1]
    relief = (
        -s['eye_depth'] * bump(mirrored, 0.47, 0.0, 0.27, 0.15)
        + 0.09 * bump(mirrored, 0.5, 0.0, 0.17, 0.10)
        + s['brow_ridge'] * bump(mirrored, 0.42, -0.25, 0.33, 0.09)
        + s['cheek'] * bump(mirrored, 0.70, 0.42, 0.24, 0.22)
        - 0.05 * bump(mirrored, 0.72, 0.95, 0.15, 0.25)
        - 0.06 * bump(mirrored, 1.02, -0.4, 0.2, 0.3)
        + 0.10 * bump(front, 0, mouth[1] + 0.02, 0.42, 0.26)
        + s['chin'] * bump(front, 0, chin - 0.16, 0.26, 0.16)
        - 0.05 * bump(front, 0, (rest[57, 1] + chin) / 2 - 0.08, 0.3, 0.06)
    )
    smile = max(person.smile, 0)
    relief += 0.06 * smile * bump(mirrored, 0.62, 0.52, 0.17, 0.14)
    fold = (
        mirrored[..., 0]
        - 0.30
        - 0.24 * (front[..., 1] - 0.62) / max(corner[1] - 0.62, 0.2)
    )
    along = bump(front, 0, 0.86, 9.0, 0.16)
    relief -= (
        (0.02 + 0.03 * smile + 0.03 * person.age)
        * along
        * np.exp(-0.5 * (fold / 0.035) ** 2)
        * (mirrored[..., 0] < 0.75)
    )
    return relief + _nose(person, mirrored, rest) + _lips(front, rest)


def _nose(
    person: Person, mirrored: np.ndarray, rest: np.ndarray
) -> np.ndarray:
    """Bridge, tip, wings and nostrils."""
    s = person.shape
    x, y = mirrored[..., 0], mirrored[..., 1]
    top, tip, base = rest[27, 1], rest[30, 1] - 0.03, rest[33, 1] - 0.05
    wide = s['nose_width']
    t = np.clip((y - top) / (tip - top), 0, 1.15)
    height = (
        s['nose_bridge']
        + (0.34 * s['nose_height'] - s['nose_bridge']) * t**1.25
    )
    half = (0.10 + 0.075 * t**2) * wide
    ridge = height * np.exp(-0.5 * (x / half) ** 2)
    fade = smoothstep(top - 0.28, top + 0.08, y)
    ridge *= fade * (1 - smoothstep(tip + 0.02, base + 0.03, y))
    wing_x = rest[35, 0] - 0.03
    return (
        ridge
        + s['nose_tip'] * bump(mirrored, 0, tip, 0.11 * wide, 0.08)
        + 0.13 * bump(mirrored, wing_x, base - 0.09, 0.07 * wide, 0.075)
        - 0.07 * bump(mirrored, 0.11 * wide, base - 0.015, 0.05, 0.025)
    )


def _lips(front: np.ndarray, rest: np.ndarray) -> np.ndarray:
    """Rolls of the lips, the gap between them, the groove above."""
    center, wide = rest[62, 0], rest[54, 0] - rest[48, 0]
    upper = (rest[51, 1] + rest[62, 1]) / 2
    lower = (rest[57, 1] + rest[66, 1]) / 2
    gap = (rest[62, 1] + rest[66, 1]) / 2
    reach = 0.33 * wide
    return (
        0.05 * bump(front, center, upper, reach, 0.055)
        + 0.06 * bump(front, center, lower, 0.8 * reach, 0.065)
        - 0.045 * bump(front, center, gap, 1.2 * reach, 0.03)
        - 0.025 * bump(front, center, rest[51, 1] - 0.10, 0.045, 0.08)
    )
