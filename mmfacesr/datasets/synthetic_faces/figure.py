# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""A standing person, cut out: the portrait's head and body, and the rest."""

import cv2
import numpy as np

from mmfacesr.datasets.synthetic_faces.anatomy import Head, smoothstep
from mmfacesr.datasets.synthetic_faces.landmarks import posed_points
from mmfacesr.datasets.synthetic_faces.person import Person
from mmfacesr.datasets.synthetic_faces.render import Scene, expose, pixels
from mmfacesr.datasets.synthetic_faces.scenery import NECK_TOP, body
from mmfacesr.datasets.synthetic_faces.view import View, rotation_matrix

# Lengths in eye distances of the unrotated head, heights below the eyes.
FLOOR = 25.0  # a head and a body of 7.5 heads
WINDOW = 8.0  # side of the square that holds the head
EYES = np.array((0.5, 0.36))  # where the eyes' middle is in that square
CROTCH, WRIST, ANKLE = 13.0, 12.8, 24.0
ARMPIT = 2.36  # to the side
DETAIL, LEAST_SIZE = 2, 240  # drawn at twice the size, at least at 240
TROUSERS = (
    (0.24, 0.30, 0.44),
    (0.13, 0.13, 0.15),
    (0.55, 0.49, 0.39),
    (0.38, 0.38, 0.40),
    (0.28, 0.22, 0.18),
)
SHOES = (0.15, 0.15, 0.15)


def eye_places(person: Person, head: Head) -> np.ndarray:
    """Centers of both eyes as the camera sees them, (2, 2).

    Eye distances of the unrotated head, from the projected origin.
    """
    rotation = rotation_matrix(person.yaw, person.pitch, person.roll)
    points = posed_points(head, rotation) @ rotation[:2].T
    return np.stack([points[36:42].mean(0), points[42:48].mean(0)])


def _limbs(
    x: np.ndarray, center: np.ndarray | float, half: np.ndarray | float
) -> tuple[np.ndarray, np.ndarray]:
    """A pair of limbs: distance to their edge, and how far they turn away."""
    offset = np.abs(x) - center
    return np.abs(offset) - half, np.clip(np.sign(x) * offset / half, -1, 1)


def _arms(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    narrow = smoothstep(4, WRIST, y)
    arms, turn = _limbs(x, 2.85 - 0.1 * narrow, 0.58 - 0.16 * narrow)
    beyond = np.maximum(y - WRIST - 0.6, 0)  # where the fingers round off
    return np.hypot(beyond, np.maximum(arms + 0.4, 0)) - 0.4, turn


def _legs(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    thin = smoothstep(CROTCH, ANKLE, y)
    legs, turn = _limbs(x, 1.16 - 0.1 * thin, 1.2 - 0.58 * thin)
    return np.maximum(legs, y - ANKLE - 0.3), turn


def _shoes(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    toes = smoothstep(ANKLE - 0.4, ANKLE + 0.6, y)
    shoes, _ = _limbs(x, 1.25, 0.3 + 0.55 * toes)
    return np.maximum(shoes, np.maximum(y - FLOOR - 0.2, ANKLE - 0.3 - y))


def _shoulders(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Negative where rounded shoulders leave something of the body."""
    outward, up = np.abs(x) - 1.7, 3.1 - y
    corner = np.hypot(outward / 1.73, up / 1.9) - 1
    return np.where((outward > 0) & (up > 0), corner, -1)


def stand(person: Person, layer: dict[str, np.ndarray], edge: float) -> None:
    """Give the endless body of a portrait arms, a hem, legs and shoes.

    Args:
        person (Person): Whom to dress.
        layer (dict): From `body`; `albedo`, `cover`, `bend` are changed.
        edge (float): Half the width of an antialiased edge.
    """
    rng, feminine = person.stream('figure'), person.shape['feminine']
    skirt = rng.uniform() < 0.8 * feminine - 0.2
    hem = rng.uniform(16, 20) if skirt else rng.uniform(12.2, 14)
    flare = rng.uniform(0.05, 0.12) if skirt else 0.0
    trousers = TROUSERS[rng.integers(len(TROUSERS))]
    x, y = layer['across'] / (0.94 - 0.14 * feminine), layer['below']

    def inside(distance: np.ndarray) -> np.ndarray:
        return smoothstep(edge, -edge, distance)

    waist = 0.3 * np.exp(-(((y - 8) / 2.5) ** 2))
    half = 2.45 - waist + flare * np.maximum(y - 9, 0)
    coat = inside(np.maximum(np.abs(x) - half, y - hem))
    (arms, arms_turn), (legs, legs_turn) = _arms(x, y), _legs(x, y)
    arms, bare = inside(arms), inside(hem - y)
    legs, shoes = bare * inside(legs), bare * inside(_shoes(x, y))
    skin = 0.96 * np.array(person.skin)
    crease = np.exp(-(((np.abs(x) - ARMPIT) / 0.12) ** 2))
    albedo = layer['albedo']
    albedo *= (1 - 0.5 * crease * smoothstep(2.8, 5, y))[..., None]
    for color, where in (
        (skin if skirt else trousers, legs),
        (SHOES, shoes),
        (skin, arms * inside(WRIST - 0.3 - y)),
    ):
        albedo += where[..., None] * (np.float32(color) - albedo)
    bend = layer['bend']
    bend += legs * (0.8 * legs_turn - bend)
    free = arms * smoothstep(2.4, 4, y) * (np.abs(x) > ARMPIT)
    bend += free * (0.7 * arms_turn - bend)
    layer['cover'] *= np.max([coat, arms, legs, shoes], 0)
    layer['cover'] *= inside(_shoulders(x, y))


class Figure(Scene):
    """One standing person at the size of a group photo.

    Args:
        person (Person): Whom to draw, in the light of the photo.
        head (Head): That person's head.
        unit (float): Pixels per eye distance of the unrotated head.
    """

    def __init__(self, person: Person, head: Head, unit: float) -> None:
        self.window = int(np.ceil(WINDOW * unit))
        scale = unit / self.window
        middle = eye_places(person, head).mean(0)
        rotation = rotation_matrix(person.yaw, person.pitch, person.roll)
        view = View(rotation, scale, EYES - scale * middle)
        super().__init__(
            person, head, view, max(DETAIL * self.window, LEAST_SIZE)
        )

    @property
    def points(self) -> np.ndarray:
        """The 68 points in pixels of `cut_out`, (68, 2) float32."""
        return pixels(self.head, self.view, self.window)

    def _body(self, row: int) -> dict[str, np.ndarray]:
        """The body in the square `row` squares below the head's."""
        person, view = self.person, self.view
        upright = rotation_matrix(person.yaw, person.pitch, 0)
        shift = view.project(NECK_TOP) - view.scale * upright[:2] @ NECK_TOP
        lower = View(upright, view.scale, shift - (0, row))
        layer = body(person, lower, self.side)
        stand(person, layer, 1 / (self.side * view.scale))
        return layer

    def body_layer(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Neck, shoulders and chest: lit picture, cover, depth."""
        layer = self._body(0)
        lit = self.lit_body(layer, self.cover)
        return lit, layer['cover'], layer['depth']

    def _head_square(self) -> np.ndarray:
        """The square of the head; see `_reduced`."""
        picture = np.zeros((self.side, self.side, 3), np.float32)
        cover = self.put_person(picture)[..., None]
        picture = expose(
            picture / np.maximum(cover, 1e-3), self.person.exposure
        )
        self.put_glasses(picture)
        return self._reduced(picture, cover)

    def _lower_square(self, row: int) -> np.ndarray:
        """A square of the body alone; see `_reduced`."""
        layer = self._body(row)
        lit = self.lit_body(layer, np.zeros_like(self.cover))
        picture = expose(lit, self.person.exposure)
        return self._reduced(picture, layer['cover'][..., None])

    def _reduced(self, picture: np.ndarray, cover: np.ndarray) -> np.ndarray:
        """To final size; color times cover, then cover, (K, K, 4) float32."""
        layer = np.concatenate([picture * cover, cover], -1)
        size = (self.window, self.window)
        return cv2.resize(layer, size, interpolation=cv2.INTER_AREA)

    def cut_out(self, height: int) -> np.ndarray:
        """Draw the person from the head down.

        Args:
            height (int): How many rows are needed; what is below the feet
                is empty.

        Returns:
            np.ndarray: (rows, window, 4) float32: RGB in [0, 1], encoded for
            display, times the cover, and the cover in [0, 1].
        """
        whole = (FLOOR + 1) / WINDOW + EYES[1]  # in squares
        count = int(np.ceil(min(height / self.window, whole)))
        lower = [self._lower_square(row) for row in range(1, count)]
        return np.concatenate([self._head_square(), *lower])[:height]
