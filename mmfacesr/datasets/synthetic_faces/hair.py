# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Hair as a second surface over the skin, and its strands."""

import cv2
import numpy as np

from mmfacesr.datasets.synthetic_faces.anatomy import (
    CELLS,
    CENTER,
    REACH,
    Head,
    ellipsoid_radius,
    look_up,
    smoothstep,
    soft_max,
    table_directions,
)
from mmfacesr.datasets.synthetic_faces.person import Person
from mmfacesr.datasets.synthetic_faces.textures import noise_at
from mmfacesr.datasets.synthetic_faces.view import View

# Per style: height of the hairline at the middle of the forehead (y),
# thickness of the cap, length of what falls beside the face (0: none).
STYLES = {
    'bald': (-0.95, 0.0, 0.0),
    'cropped': (-0.92, 0.05, 0.0),
    'short': (-0.90, 0.16, 0.0),
    'fringe': (-0.52, 0.17, 0.0),
    'swept': (-0.84, 0.24, 0.0),
    'bob': (-0.80, 0.18, 1.35),
    'long': (-0.86, 0.19, 2.6),
    'afro': (-0.82, 0.50, 0.0),
    'scarf': (-0.72, 0.10, 1.7),
}

STRANDS = 1200  # single hairs drawn over the hairline


def hair_table(person: Person, skin: np.ndarray) -> np.ndarray:
    """Height of the hair above the skin in every direction.

    Args:
        person (Person): The drawn person.
        skin (np.ndarray): Radii of the skin, (CELLS, CELLS).

    Returns:
        np.ndarray: (CELLS, CELLS), negative where no hair grows.
    """
    rng = person.stream('hair')
    line, thick, length = STYLES[person.hair_style]
    if thick == 0:
        return np.full_like(skin, -1)
    d = table_directions()
    base = skin[..., None] * d + CENTER
    x, y, z = base[..., 0], base[..., 1], base[..., 2]
    line += rng.normal(0, 0.04)
    lean = rng.normal(0, 0.25 if person.hair_style == 'swept' else 0.08)
    receding = 0.35 * max(person.age - 0.5, 0) * (thick < 0.17)
    front = (
        line
        - receding
        + lean * x
        + rng.uniform(0.05, 0.5) * x**2
        + 0.05 * np.sin(7 * x + rng.uniform(0, 6)) * rng.uniform(0, 1)
    )
    if length and person.hair_style != 'scarf' and rng.uniform() < 0.6:
        part = rng.uniform(-0.35, 0.35)  # parted like a curtain
        front = -1.12 + rng.uniform(0.55, 0.85) * np.abs(x - part) ** 1.15
    burn = 0.35 - 0.55 * smoothstep(0.15, 0.5, y)
    inside = np.maximum(front - y, burn - 0.15 - z)
    inside = np.where(y > 0.95, -0.5, inside) if length == 0 else inside
    edge = 0.05 * (
        noise_at(base[..., 0] * 3, base[..., 1] * 3 + base[..., 2], rng) - 0.5
    )
    rise = smoothstep(-0.02, 0.28, inside + edge)
    top = smoothstep(0.4, -1.4, y)
    height = thick * rng.uniform(0.75, 1.3) * rise * (0.55 + 0.45 * top)
    height *= 1 + 0.25 * (
        noise_at(*(2.0 * d[..., :2]).transpose(2, 0, 1), rng) - 0.5
    )
    border = inside + edge
    height = np.where(
        border > 0,
        height + 0.03 * np.minimum(border, 0.3),
        np.maximum(0.5 * border, -0.06),
    )
    if length:
        height = _falling(person, d, skin, height, length, rng)
    return height.astype(np.float32)


def _falling(
    person: Person,
    direction: np.ndarray,
    skin: np.ndarray,
    height: np.ndarray,
    length: float,
    rng: np.random.Generator,
) -> np.ndarray:
    """Add the hair that hangs down beside and behind the face."""
    wide = rng.uniform(1.28, 1.5)
    shell = soft_max(
        [
            ellipsoid_radius(
                direction, (0, 0.1 + 0.3 * length, -0.5), (wide, length, 1.0)
            ),
            skin + np.maximum(height, 0),
        ],
        20.0,
    )
    spread = direction[..., 2] / np.maximum(
        np.hypot(direction[..., 0], direction[..., 1]), 1e-3
    )
    limit = rng.uniform(0.0, 0.22)
    wave = 0.06 * (
        noise_at(direction[..., 1] * 3, direction[..., 0], rng) - 0.5
    )
    side = limit + wave - spread
    if person.hair_style != 'scarf':  # the neck stays free
        off_axis = np.abs(direction[..., 0]) / np.maximum(
            np.hypot(direction[..., 0], direction[..., 1]), 1e-3
        )
        side -= 1.5 * smoothstep(0.55, 0.3, off_axis) * (direction[..., 1] > 0)
    hangs = (side > 0) & (direction[..., 1] > -0.75)
    share = smoothstep(0, 0.12, side) * smoothstep(
        -0.75, -0.2, direction[..., 1]
    )
    fallen = np.maximum((shell - skin) * share, height)
    return np.where(
        hangs,
        np.maximum(fallen, 0.015),
        np.maximum(height, np.clip(side, -0.06, -0.001)),
    )


def strand_tone(
    person: Person, offset: np.ndarray, finest: float
) -> np.ndarray:
    """Brightness of the strands at points of the hair.

    Args:
        person (Person): The drawn person.
        offset (np.ndarray): (h, w, 3) points minus CENTER.
        finest (float): Shortest wavelength worth drawing, in eye distances.

    Returns:
        np.ndarray: (h, w), mean about 1.
    """
    rng = person.stream('strands')
    x, y, z = offset[..., 0], offset[..., 1], offset[..., 2]
    part = rng.uniform(-0.5, 0.5)
    length = STYLES[person.hair_style][2]
    if person.hair_style == 'afro' or rng.uniform() < 0.12:
        across, along, ratio = x + 0.3 * z, y - 0.3 * z, 1.0
    elif person.hair_style in ('short', 'cropped', 'swept') and (
        rng.uniform() < 0.6
    ):
        across = np.arctan2(x - part * (y < 0), np.abs(y) + 0.35) * 1.4
        along, ratio = y - z, 0.08
    else:
        around = np.arctan2(z + 0.45, -y + 0.9 * (y > 0) * y)
        fall = smoothstep(-0.6, 0.5, y)
        across = around * (1 - fall) + (1.2 * z + 0.8 * np.abs(x)) * fall
        along, ratio = np.abs(x - part) + y, 0.07
    bend = rng.uniform(0.02, 0.2 if length else 0.1)
    across = across + bend * (noise_at(along * 0.7, across * 1.2, rng) - 0.5)
    tone = np.ones_like(x)
    for wave, weight in (
        (0.30, 0.35),
        (0.10, 0.45),
        (0.04, 0.55),
        (0.018, 0.6),
        (0.008, 0.5),
    ):
        if wave >= finest:
            weight *= 0.6 if ratio == 1 else 1
            width = 1.6 * wave
            tone += weight * (
                noise_at(across / width, along / width * ratio, rng) - 0.5
            )
    return np.clip(tone, 0.15, 2.0)


def hairline_strands(
    person: Person, head: Head, view: View
) -> list[np.ndarray]:
    """Single hairs across the edge between hair and skin.

    Args:
        person (Person): The drawn person.
        head (Head): The head.
        view (View): The camera.

    Returns:
        list[np.ndarray]: Lines (6, 2) in picture coordinates.
    """
    rng = person.stream('hairline')
    soft = cv2.GaussianBlur(head.hair, (0, 0), 4)
    slope = np.stack(
        [cv2.Sobel(soft, cv2.CV_32F, 1, 0), cv2.Sobel(soft, cv2.CV_32F, 0, 1)],
        -1,
    )
    rows, columns = np.nonzero(np.abs(head.hair) < 0.02)
    if len(rows) == 0:
        return []
    pick = rng.integers(0, len(rows), STRANDS)
    inward = slope[rows[pick], columns[pick]]
    inward /= np.maximum(np.linalg.norm(inward, axis=1, keepdims=True), 1e-6)
    sideways = (
        inward[:, ::-1]
        * (-1, 1)
        * rng.normal(rng.normal(0, 0.5), 0.35, (STRANDS, 1))
    )
    start = (
        np.stack([columns[pick], rows[pick]], 1)
        + rng.uniform(-0.5, 0.5, (STRANDS, 2))
        - inward * rng.uniform(0, 6, (STRANDS, 1))
    )
    reach = rng.uniform(6, 26, (STRANDS, 1))
    t = np.linspace(0, 1, 6)
    cells = (
        start[:, None]
        + t[:, None] * (reach * inward)[:, None]
        + (t * t)[:, None] * (reach * sideways)[:, None]
    )
    u, v = np.moveaxis(cells / (CELLS - 1) * 2 * REACH - REACH, -1, 0)
    square = u * u + v * v
    direction = (
        np.stack([2 * u, 2 * v, 1 - square], -1) / (1 + square)[..., None]
    )
    radius = look_up(head.both, direction.astype(np.float32)) + 0.01
    points = CENTER + radius[..., None] * direction
    facing = (direction[:, 2] @ view.toward) > 0.05
    return list(view.project(points)[facing])
