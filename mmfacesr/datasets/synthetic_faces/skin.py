# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Color of the bare skin."""

import numpy as np

from mmfacesr.datasets.synthetic_faces.anatomy import smoothstep
from mmfacesr.datasets.synthetic_faces.features import FacePainter
from mmfacesr.datasets.synthetic_faces.person import Person
from mmfacesr.datasets.synthetic_faces.surface import Surface
from mmfacesr.datasets.synthetic_faces.textures import noise_at
from mmfacesr.datasets.synthetic_faces.view import Canvas


def skin_albedo(surface: Surface) -> np.ndarray:
    """Color of the bare skin, (side, side, 3)."""
    person, rng = surface.person, surface.person.stream('skin')
    x, y, z = (surface.point[..., i] for i in range(3))
    rest = surface.head.rest
    red = np.zeros_like(x)
    for px, py, size, weight in (
        (-0.62, 0.50, 0.26, 1),
        (0.62, 0.50, 0.26, 1),
        (0, rest[30, 1], 0.15, 1.1),
        (0, 1.7, 0.2, 0.5),
        (-1.15, 0.35, 0.2, 1.1),
        (1.15, 0.35, 0.2, 1.1),
    ):
        red += weight * np.exp(
            -((x - px) ** 2 + (y - py) ** 2) / (2 * size * size)
        )
    red *= rng.uniform(0.3, 1.1) + 0.4 * person.make_up
    red += 1.2 * (noise_at(x * 2.5, y * 2.5 - z, rng) - 0.5)
    skin = np.array(person.skin, np.float32)
    tint = np.array((0.02, -0.05, -0.045), np.float32)
    albedo = skin * (1 + red[..., None] * tint)
    grain = np.zeros_like(x)
    for wave, weight in (
        (0.12, 0.05),
        (0.045, 0.06),
        (0.017, 0.07),
        (0.008, 0.06),
    ):
        if wave > surface.finest:
            grain += (
                weight
                * (0.6 + 0.8 * person.age)
                * (noise_at(x / wave / 2, (y - 0.2 * z) / wave / 2, rng) - 0.5)
            )
    albedo *= (1 + grain)[..., None]
    _blemishes(surface, albedo, rng)
    _beard_shadow(person, albedo, x, y)
    return albedo


def _blemishes(
    surface: Surface, albedo: np.ndarray, rng: np.random.Generator
) -> None:
    """Freckles, moles and the wrinkles of age."""
    canvas, person = Canvas(albedo), surface.person
    skin = np.array(person.skin)
    painter = FacePainter(person, surface.head, surface.view, canvas)
    freckled = rng.uniform() < 0.25
    count = (
        int(rng.integers(60, 140)) if freckled else (int(rng.integers(0, 6)))
    )
    spots = np.stack(
        [rng.normal(0, 0.45, count), rng.normal(0.45, 0.3, count)], 1
    )
    size = surface.view.scale * (0.012 if freckled else 0.018)
    if count:
        places = painter.place(spots)
        canvas.strokes(
            [np.stack([p, p + size / 4]) for p in places],
            size,
            skin * (0.62, 0.5, 0.42),
            0.55,
            size / 3,
        )
    depth = np.clip(person.age - 0.35, 0, 1)
    for row in range(4):
        across = np.linspace(-0.55, 0.55, 9) * rng.uniform(0.7, 1.1)
        line = np.stack(
            [
                across,
                -0.5
                - 0.1 * row
                - 0.04 * np.cos(3 * across)
                + rng.normal(0, 0.008, 9),
            ],
            1,
        )
        canvas.strokes(
            [painter.place(line)],
            0.016 * surface.view.scale,
            skin * 0.55,
            depth * rng.uniform(0.2, 0.8),
            0.008 * surface.view.scale,
        )
    for side in (-1, 1):
        for _ in range(4):
            start = np.array((side * 0.77, 0.03)) + rng.normal(0, 0.02, 2)
            end = start + (side * 0.16, rng.normal(0.02, 0.06))
            canvas.strokes(
                [painter.place(np.stack([start, end]))],
                0.010 * surface.view.scale,
                skin * 0.55,
                depth * 0.7,
                0.004 * surface.view.scale,
            )


def _beard_shadow(
    person: Person, albedo: np.ndarray, x: np.ndarray, y: np.ndarray
) -> None:
    """The even tone under the single hairs of a beard."""
    if person.beard == 0:
        return
    line = np.where(
        np.abs(x) > 0.5,
        np.minimum(1.28 - 0.62 * x * x, 1.7 - 1.05 * np.abs(x)),
        1.28 - 0.62 * x * x,
    )
    share = smoothstep(-0.15, 0.12, y - line)
    share *= 0.2 + 0.45 * person.beard
    tone = np.array(person.hair, np.float32) * 0.9 + 0.05
    albedo += share[..., None] * (tone - albedo)
