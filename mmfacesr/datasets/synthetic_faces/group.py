# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""A group photo: persons of different sizes in one drawn picture."""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from mmfacesr.datasets.synthetic_faces.anatomy import Head
from mmfacesr.datasets.synthetic_faces.arrangement import (
    EYES_PER_FACE,
    arrange,
    find_horizon,
)
from mmfacesr.datasets.synthetic_faces.figure import (
    EYES,
    FLOOR,
    Figure,
    eye_places,
)
from mmfacesr.datasets.synthetic_faces.person import Person, draw_person
from mmfacesr.datasets.synthetic_faces.render import GAMMA, expose
from mmfacesr.datasets.synthetic_faces.scenery import background
from mmfacesr.datasets.synthetic_faces.surface import make_head
from mmfacesr.datasets.synthetic_faces.textures import noise_at

FACE_LIMITS = (8, 384)  # pixels; larger ones would be drawn too small
SIDE_LIMITS = (64, 4096)
PERSONS = 2**31  # seeds from which those of a group are drawn
SHARED = ('light', 'light_color', 'ambient', 'exposure')


@dataclass(frozen=True)
class _Member:
    """One person of the group and the distance of the eyes in pixels."""

    person: Person
    head: Head
    eyes: float

    @property
    def unit(self) -> float:
        """Pixels per eye distance of the unrotated head."""
        left, right = eye_places(self.person, self.head)
        return self.eyes / float(np.hypot(*(right - left)))


def group_seeds(seed: int, num_faces: int) -> list[int]:
    """Seeds of the persons of a group, in the order of its points."""
    rng = np.random.default_rng([seed, *b'group'])
    return [int(person) for person in rng.integers(0, PERSONS, num_faces)]


def _members(
    seed: int, num_faces: int, face_sizes: tuple[float, float]
) -> list[_Member]:
    """The persons in the light of the first, the largest face first."""
    rng = np.random.default_rng([seed, *b'sizes'])
    low, high = np.log(face_sizes)
    sizes = np.exp(np.sort(rng.uniform(low, high, num_faces))[::-1])
    sizes[-1], sizes[0] = face_sizes
    people = [draw_person(person) for person in group_seeds(seed, num_faces)]
    light = {name: getattr(people[0], name) for name in SHARED}
    return [
        _Member(replace(person, **light), make_head(person), eyes)
        for person, eyes in zip(people, EYES_PER_FACE * sizes)
    ]


def _eyes(members: list[_Member]) -> np.ndarray:
    return np.array([member.eyes for member in members])


def _backdrop(
    person: Person, size: tuple[int, int], horizon: float, base: float
) -> np.ndarray:
    """What is behind the persons, linear light, (height, width, 3).

    Args:
        person (Person): Gives the random streams.
        size (tuple): Height, width.
        horizon (float): Row of the horizon of the floor.
        base (float): Row where the floor begins.
    """
    height, width = size
    side = max(height, width)
    picture = background(person, side)[(side - height) // 2 :][:height, :width]
    rng = person.stream('floor')
    color = rng.uniform(0.25, 0.65) * rng.uniform(0.85, 1.1, 3)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    depth = side / np.maximum(y - horizon, 1)
    grain = noise_at((x - width / 2) / side * depth * 3, depth * 6, rng)
    tone = 0.85 + 0.15 * grain + 0.15 * (y - base) / height
    share = np.clip((y - base) / (0.01 * height) + 0.5, 0, 1)[..., None]
    floor = tone[..., None] * color.astype(np.float32)
    return cv2.pow(picture + share * (floor - picture), GAMMA)


def _contact_shadows(
    picture: np.ndarray, places: np.ndarray, units: list[float]
) -> None:
    """Darken the floor below the feet."""
    for (x, y), unit in zip(places, units):
        shade = np.zeros(picture.shape[:2], np.float32)
        center = (round(float(x)), round(float(y + FLOOR * unit)))
        axes = (round(3.2 * unit), max(1, round(0.8 * unit)))
        cv2.ellipse(shade, center, axes, 0, 0, 360, 0.6, -1)
        picture *= 1 - cv2.GaussianBlur(shade, (0, 0), 0.5 * unit)[..., None]


def _empty_scene(
    scene: Person,
    members: list[_Member],
    places: np.ndarray,
    size: tuple[int, int],
) -> np.ndarray:
    """The scene before the persons, encoded for display.

    The floor begins behind the feet of the smallest.
    """
    units = [member.unit for member in members]
    horizon, _ = find_horizon(_eyes(members), size[0])
    base = places[-1, 1] + (FLOOR - 3) * units[-1]
    picture = _backdrop(scene, size, horizon, base)
    _contact_shadows(picture, places, units)
    return expose(picture, members[0].person.exposure)


def _put(picture: np.ndarray, layer: np.ndarray, x: int, y: int) -> None:
    """Put a cut-out (h, w, 4) on the picture, where it reaches into it."""
    height, width = picture.shape[:2]
    top, left = max(0, y), max(0, x)
    layer = layer[top - y : height - y, left - x : width - x]
    area = picture[top:, left:][: layer.shape[0], : layer.shape[1]]
    area += layer[..., :3] - layer[..., 3:] * area


def _check(
    seed: int,
    size: tuple[int, int],
    num_faces: int,
    face_sizes: tuple[float, float],
) -> None:
    low, high = SIDE_LIMITS
    if seed < 0:
        raise ValueError(f'Expected a seed of at least 0, got {seed}.')
    if num_faces < 1:
        raise ValueError(f'Expected at least 1 face, got {num_faces}.')
    if not all(low <= side <= high for side in size):
        raise ValueError(
            f'Expected a width and a height from {low} to {high}, '
            f'got {size[1]}x{size[0]}.'
        )
    small, large = FACE_LIMITS
    if not small <= face_sizes[0] <= face_sizes[1] <= large:
        raise ValueError(
            f'Expected face_sizes (smallest, largest) from {small} to '
            f'{large}, got {tuple(face_sizes)}.'
        )


def render_group(
    seed: int,
    width: int = 640,
    height: int = 426,
    num_faces: int = 5,
    face_sizes: tuple[float, float] = (16, 64),
) -> tuple[np.ndarray, np.ndarray]:
    """Draw a photo of several persons; no face is hidden.

    Args:
        seed (int): At least 0; the same seed gives the same photo.
        width (int): In pixels, 64 to 4096. Defaults to 640.
        height (int): In pixels, 64 to 4096. Defaults to 426.
        num_faces (int): How many persons. Defaults to 5.
        face_sizes (tuple): Sides of the squares that hold the smallest and
            the largest face, as in a crop of CelebA (3.6 eye distances), 8
            to 384 pixels. Both occur; a single face has the larger size.

    Returns:
        tuple: Picture (height, width, 3) uint8 RGB, and the 68 iBUG points
        of each face, (num_faces, 68, 2) float32, the largest face first; x
        and y in pixels, pixel centers at integers.

    Raises:
        ValueError: If an argument is out of range, or the faces do not fit
            into the picture.
    """
    _check(seed, (height, width), num_faces, face_sizes)
    members = _members(seed, num_faces, face_sizes)
    rng = np.random.default_rng([seed, *b'places'])
    places = arrange(rng, _eyes(members), (height, width))
    scene = draw_person(seed)
    picture = _empty_scene(scene, members, places, (height, width))
    points = []
    for member, place in zip(members[::-1], places[::-1]):
        figure = Figure(member.person, member.head, member.unit)
        x, y = np.round(place - EYES * figure.window).astype(int)
        _put(picture, figure.cut_out(height - y), x, y)
        points.append(figure.points + np.float32((x, y)))
    noise = scene.stream('sensor').standard_normal(picture.shape, np.float32)
    picture = picture + scene.noise * noise
    picture = np.clip(np.round(picture * 255), 0, 255).astype(np.uint8)
    return picture, np.array(points[::-1], np.float32)
