# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What surrounds the head: background, neck and clothes."""

import cv2
import numpy as np

from mmfacesr.datasets.synthetic_faces.anatomy import smoothstep
from mmfacesr.datasets.synthetic_faces.person import Person
from mmfacesr.datasets.synthetic_faces.textures import noise_at
from mmfacesr.datasets.synthetic_faces.view import Canvas, View

BACKGROUNDS = ('studio', 'lights', 'leaves', 'wall', 'room', 'land')
BACKGROUND_SIDE = 128  # out of focus, so painted small and enlarged
NECK_TOP = np.array((0.0, 1.0, -0.35))  # head axes


def _color(rng: np.random.Generator, low: float, high: float) -> np.ndarray:
    """A muted color with a brightness between low and high."""
    return np.clip(rng.uniform(low, high) * rng.uniform(0.6, 1.25, 3), 0, 1)


def _mix(a: np.ndarray, b: np.ndarray, share: np.ndarray) -> np.ndarray:
    a, b = np.asarray(a, np.float32), np.asarray(b, np.float32)
    return a + np.asarray(share, np.float32)[..., None] * (b - a)


def _lights(rng: np.random.Generator, picture: np.ndarray) -> None:
    """Discs of lamps out of focus."""
    canvas = Canvas(picture)
    angle = np.linspace(0, 2 * np.pi, 24)
    circle = np.stack([np.cos(angle), np.sin(angle)], 1)
    for _ in range(int(rng.integers(12, 34))):
        place, size = rng.uniform(0, 1, 2), rng.uniform(0.02, 0.075)
        canvas.fill(
            place + size * circle,
            rng.uniform(0.4, 1, 3),
            rng.uniform(0.2, 0.7),
            0.006,
        )


def _room(rng: np.random.Generator, picture: np.ndarray) -> None:
    """Frames, shelves and furniture as blocks."""
    canvas = Canvas(picture)
    for _ in range(int(rng.integers(5, 14))):
        x, y = rng.uniform(-0.2, 1, 2)
        w, h = rng.uniform(0.05, 0.5, 2)
        box = np.array(((x, y), (x + w, y), (x + w, y + h), (x, y + h)))
        canvas.fill(box, _color(rng, 0.1, 0.9), rng.uniform(0.5, 1), 0.004)


def _wall(
    rng: np.random.Generator, x: np.ndarray, y: np.ndarray
) -> np.ndarray:
    """Bricks, boards or curtain: share of the second color."""
    kind, size = rng.integers(0, 3), rng.uniform(4, 11)
    if kind == 0:
        row = np.floor(y * 2 * size)
        column = np.mod(x * size + 0.5 * np.mod(row, 2), 1)
        joint = (np.mod(y * 2 * size, 1) < 0.14) | (column < 0.07)
        return np.where(
            joint,
            1.0,
            0.35
            * noise_at(
                np.floor(x * size + 0.5 * np.mod(row, 2)) * 3, row * 3, rng
            ),
        )
    if kind == 1:
        return 0.6 * (np.mod(x * size, 1) < 0.05) + 0.5 * noise_at(
            x * 20, y * 2 + np.floor(x * size) * 7, rng
        )
    return 0.5 + 0.5 * np.sin(
        2 * np.pi * (x * size + noise_at(x * 2, y * 0.7, rng))
    )


def background(person: Person, side: int) -> np.ndarray:
    """Paint what lies behind the person.

    Args:
        person (Person): Gives the random stream.
        side (int): Side of the picture in pixels.

    Returns:
        np.ndarray: (side, side, 3) float32 in [0, 1].
    """
    rng = person.stream('background')
    kind = rng.choice(BACKGROUNDS)
    small = BACKGROUND_SIDE if kind != 'wall' else min(side, 320)
    axis = (np.arange(small, dtype=np.float32) + 0.5) / small
    x, y = np.meshgrid(axis, axis)
    first, second = _color(rng, 0.15, 0.95), _color(rng, 0.1, 0.9)
    clouds = noise_at(x * 2, y * 2, rng)
    if kind == 'leaves':
        fine = noise_at(x * 9, y * 9, rng) * noise_at(x * 22, y * 22, rng)
        second = second * (0.75, 0.95, 0.5)
        picture = _mix(
            first * (0.6, 0.7, 0.4),
            second,
            smoothstep(0.1, 0.7, fine + 0.4 * (clouds - 0.5)),
        )
    elif kind == 'wall':
        picture = _mix(
            first,
            0.55 * first + 0.4 * second * rng.uniform(0, 1),
            np.clip(_wall(rng, x, y), 0, 1),
        )
        picture *= (0.85 + 0.3 * clouds)[..., None]
    elif kind == 'land':
        hill = rng.uniform(0.35, 0.7) + 0.2 * (
            noise_at(x * 3, 0 * y, rng) - 0.5
        )
        ground = _mix(
            second * (0.8, 0.9, 0.5),
            first,
            0.6 * noise_at(x * 12, y * 30, rng),
        )
        sky = _mix(
            np.array((0.9, 0.92, 0.95)),
            np.array((0.45, 0.62, 0.85)),
            smoothstep(0.35, 0.8, clouds),
        )
        picture = np.where((y < hill)[..., None], sky, ground)
    else:
        slope = np.clip(
            0.5
            + (x - 0.5) * rng.normal(0, 0.7)
            + (y - 0.5) * rng.normal(0, 0.7),
            0,
            1,
        )
        picture = _mix(first, second, 0.7 * slope + 0.3 * clouds)
        if kind == 'lights':
            picture *= 0.45
            _lights(rng, picture)
        elif kind == 'room':
            _room(rng, picture)
    blur = rng.uniform(0.002, 0.02)
    picture = cv2.GaussianBlur(
        picture.astype(np.float32), (0, 0), blur * small
    )
    picture = cv2.resize(picture, (side, side), interpolation=cv2.INTER_LINEAR)
    return np.clip(picture, 0, 1)


def _fabric(
    person: Person, x: np.ndarray, y: np.ndarray, finest: float
) -> np.ndarray:
    """Albedo of the clothes at body coordinates."""
    rng = person.stream('cloth')
    cloth = np.array(person.cloth, np.float32)
    other = _color(rng, 0.05, 0.95).astype(np.float32)
    kind, size = (
        rng.choice(('plain', 'stripes', 'check', 'knit', 'print')),
        (rng.uniform(2.5, 8)),
    )
    share = np.zeros_like(x)
    if kind == 'stripes':
        share = smoothstep(-0.15, 0.15, np.sin(6.28 * size * y))
    elif kind == 'check':
        share = 0.4 * (np.sin(6.28 * size * x) > 0.3) + 0.4 * (
            np.sin(6.28 * size * y) > 0.3
        )
    elif kind == 'print':
        share = smoothstep(0.55, 0.65, noise_at(x * size, y * size, rng))
    elif kind == 'knit':
        share = (
            0.35
            * np.sin(50 * x)
            * np.sin(50 * y + 3 * np.abs(np.sin(25 * x))) ** 2
        )
    picture = _mix(cloth, other, np.clip(share, -1, 1))
    weave = 1 + 0.35 * (noise_at(x * 1.2, y * 0.9, rng) - 0.5)
    for wave in (0.05, 0.016):
        if wave > finest:
            weave += 0.2 * (noise_at(x / wave / 2, y / wave / 2, rng) - 0.5)
    return picture * weave[..., None]


def body(person: Person, view: View, side: int) -> dict[str, np.ndarray]:
    """Neck and clothes below the head.

    Args:
        person (Person): Whom to paint.
        view (View): The camera.
        side (int): Side of the picture in pixels.

    Returns:
        dict: `albedo` (side, side, 3), `cover` (side, side) in [0, 1],
        `bend` (side, side), the surface's turn to the image's right in
        [-1, 1], `across` and `below` (side, side), eye distances from the
        neck's top, and `depth` (side, side) along the viewing axis.
    """
    rng = person.stream('body')
    s = person.shape
    axis = (np.arange(side, dtype=np.float32) + 0.5) / side
    neck_top = view.project(NECK_TOP)
    lean = 0.5 * np.arctan2(view.rotation[1, 0], view.rotation[0, 0])
    dx = (axis[None] - neck_top[0]) / view.scale
    dy = (axis[:, None] - neck_top[1]) / view.scale
    x = (np.cos(lean) * dx + np.sin(lean) * dy).astype(np.float32)
    y = (np.cos(lean) * dy - np.sin(lean) * dx).astype(np.float32)
    feminine = s['feminine']
    half = (0.78 - 0.16 * feminine) * s['jaw_width']
    flare = np.maximum(y - 0.95, 0)
    width = half + 0.35 * flare**2
    edge = 1 / (side * view.scale)
    neck = smoothstep(edge, -edge, np.abs(x) - width) * (y > -0.3)
    top = 1.15 + rng.uniform(-0.08, 0.12)
    slope = rng.uniform(0.16, 0.34)
    away = np.maximum(np.abs(x) - half, 0)
    shoulder = top + slope * away + 0.5 * np.maximum(away - 1.35, 0) ** 2
    shoulder += 0.25 * np.exp(-away * 4) - 0.25
    collar = rng.choice(('round', 'vee', 'high', 'shirt'))
    deep = rng.uniform(0.25, 0.6)
    inner = {
        'round': top + deep * (1 - (x / (1.12 * half)) ** 2),
        'vee': top + 1.6 * deep * (1 - np.abs(x) / (1.1 * half)),
        'high': np.full_like(x, top - 0.35),
        'shirt': top + 1.4 * deep * (1 - np.abs(x) / half),
    }[collar]
    line = np.where(
        np.abs(x) < 1.12 * half, np.maximum(inner, top - 0.4), shoulder
    )
    cloth = smoothstep(-edge, edge, y - line)
    trunk = smoothstep(-edge, edge, y - shoulder)
    skin = 0.96 * np.array(person.skin, np.float32)
    fabric = _fabric(person, x, y, 2 * edge)
    rim = np.abs(y - line - 0.07) < 0.06
    fabric = np.where(rim[..., None], fabric * rng.uniform(0.6, 1.2), fabric)
    if collar == 'shirt':
        inward = np.clip(1 - np.abs(x) / (1.12 * half), 0, 1)
        flap = (inward > 0) & (y < line + 0.14 + 0.4 * inward)
        seam = flap & (y > line + 0.09 + 0.4 * inward)
        tone = np.clip(np.array(person.cloth) * rng.uniform(0.8, 2.2), 0, 0.95)
        fabric = np.where(flap[..., None], tone, fabric)
        fabric = np.where(seam[..., None], fabric * 0.7, fabric)
    hollow = 0.10 * np.exp(-(((np.abs(x) - 0.35 * half) / 0.12) ** 2))
    albedo = _mix(skin * (1 - hollow)[..., None], fabric, cloth)
    bend = np.where(cloth > 0.5, x / 2.6, x / (half * 1.05))
    return dict(
        albedo=np.clip(albedo, 0, 1).astype(np.float32),
        cover=np.maximum(np.maximum(neck, cloth), trunk),
        bend=np.clip(bend, -1, 1),
        across=x,
        below=y,
        depth=np.where(
            cloth > 0.5,
            -0.3 - 0.2 * np.abs(x),
            -0.1 + np.sqrt(np.maximum(half**2 - x * x, 0)) - 0.4 * half,
        ),
    )
