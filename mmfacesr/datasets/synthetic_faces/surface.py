# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What the camera sees of a head: depth, normals, shadow, hair."""

import cv2
import numpy as np

from mmfacesr.datasets.synthetic_faces.anatomy import (
    CENTER,
    Head,
    look_up,
    march,
    skin_table,
    smoothstep,
)
from mmfacesr.datasets.synthetic_faces.hair import hair_table
from mmfacesr.datasets.synthetic_faces.landmarks import resting_points
from mmfacesr.datasets.synthetic_faces.person import Person
from mmfacesr.datasets.synthetic_faces.view import (
    View,
    aligned_view,
    portrait_view,
)

OVERSAMPLING = 1.6  # sides of canvas and picture; shapes are antialiased


def make_head(person: Person) -> Head:
    """Build the resting head of a person."""
    rest = resting_points(person)
    skin = skin_table(person, rest)
    hair = hair_table(person, skin)
    return Head(skin, hair, skin + np.maximum(hair, 0), rest)


def _sizes(size: int) -> tuple[int, int]:
    """Sides of the canvas and of the grid on which the head is marched."""
    canvas = int(np.clip(round(OVERSAMPLING * size), 160, 1024))
    return canvas, int(np.clip(canvas * 5 // 8, 112, 384))


def _enlarge(array: np.ndarray, side: int) -> np.ndarray:
    return cv2.resize(
        array.astype(np.float32), (side, side), interpolation=cv2.INTER_LINEAR
    )


def _normals(depth: np.ndarray, pixel: float) -> np.ndarray:
    """Unit normals of a depth map; pixel is its step in eye distances."""
    dx = cv2.Sobel(depth, cv2.CV_32F, 1, 0, scale=1 / (8 * pixel))
    dy = cv2.Sobel(depth, cv2.CV_32F, 0, 1, scale=1 / (8 * pixel))
    normal = np.stack([-dx, -dy, np.ones_like(dx)], -1)
    return normal / np.linalg.norm(normal, axis=-1, keepdims=True)


def _shadow(depth: np.ndarray, light: tuple, pixel: float) -> np.ndarray:
    """How much of the light other parts of the head let through."""
    shade = np.zeros_like(depth)
    steps = np.geomspace(0.05, 0.9, 9)
    side = len(depth)
    for step in steps:
        move = np.float32(
            ((1, 0, light[0] * step / pixel), (0, 1, light[1] * step / pixel))
        )
        ahead = cv2.warpAffine(
            depth,
            move,
            (side, side),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        rise = ahead - depth - light[2] * step
        shade = np.maximum(shade, smoothstep(0.0, 0.06 + 0.15 * step, rise))
    return 1 - cv2.GaussianBlur(shade, (0, 0), 0.025 / pixel)


def _occlusion(depth: np.ndarray, pixel: float) -> np.ndarray:
    """Ambient light that reaches hollows, 0 to 1."""
    hollow = np.zeros_like(depth)
    for reach in (0.05, 0.14):
        soft = cv2.GaussianBlur(depth, (0, 0), reach / pixel)
        hollow += np.clip(soft - depth, 0, 0.5 * reach) / reach
    return 1 - 0.55 * np.clip(hollow, 0, 1)


def make_view(person: Person, head: Head, framing: str) -> View:
    """Place the camera for a framing."""
    views = dict(aligned=aligned_view, portrait=portrait_view)
    if framing not in views:
        raise ValueError(
            f'Expected framing to be one of {sorted(views)}, got {framing!r}.'
        )
    return views[framing](person, head)


class Surface:
    """The head of one picture, as maps of the canvas.

    Args:
        person (Person): Whom to draw.
        head (Head): That person's head.
        view (View): The camera.
        size (int): Side of the picture.
    """

    def __init__(
        self, person: Person, head: Head, view: View, size: int
    ) -> None:
        self.person, self.head, self.view = person, head, view
        self.side, self.grid = _sizes(size)
        self.finest = 2 / (self.side * self.view.scale)
        self._trace()

    def _trace(self) -> None:
        """March the head and enlarge what was found to the canvas."""
        view, head = self.view, self.head
        pixel = 1 / (self.grid * view.scale)
        rays = view.rays(self.grid)
        depth, edge = march(head.both, rays, view.toward)
        self.normal = _enlarge(_normals(depth, pixel), self.side)
        self.shadow = _enlarge(
            _shadow(depth, self.person.light, pixel), self.side
        )
        self.hollow = _enlarge(_occlusion(depth, pixel), self.side)
        self.depth = _enlarge(depth, self.side)
        step = 1 / (self.side * view.scale)
        self.cover = smoothstep(
            1.5 * step, -0.5 * step, _enlarge(edge, self.side)
        )
        self.point = view.rays(self.side) + self.depth[..., None] * (
            view.toward
        )
        self.hair = smoothstep(
            -0.5 * step,
            2.5 * step,
            look_up(head.hair, self.point - CENTER) + 0.002,
        )
        self.hair = cv2.GaussianBlur(self.hair, (0, 0), 0.008 / step)
