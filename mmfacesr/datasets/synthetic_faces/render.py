# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""From a seed to a picture and its 68 points."""

from typing import Literal

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
from mmfacesr.datasets.synthetic_faces.features import FacePainter
from mmfacesr.datasets.synthetic_faces.hair import (
    hair_table,
    hairline_strands,
    strand_tone,
)
from mmfacesr.datasets.synthetic_faces.landmarks import (
    posed_points,
    resting_points,
)
from mmfacesr.datasets.synthetic_faces.person import Person, draw_person
from mmfacesr.datasets.synthetic_faces.scenery import background, body
from mmfacesr.datasets.synthetic_faces.textures import noise_at
from mmfacesr.datasets.synthetic_faces.view import (
    Canvas,
    View,
    aligned_view,
    portrait_view,
)

SIZES = (64, 1024)
REVISION = 1  # raised whenever a seed gives another picture
OVERSAMPLING = 1.6  # sides of canvas and picture; shapes are antialiased
GAMMA = 2.2
WRAP = np.array((0.30, 0.16, 0.10), np.float32)  # light bleeding under skin


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


class _Scene:
    """Everything the passes of one picture share.

    Args:
        person (Person): Whom to draw.
        framing (str): 'aligned' or 'portrait'.
        size (int): Side of the picture.
    """

    def __init__(self, person: Person, framing: str, size: int) -> None:
        self.person = person
        self.head = make_head(person)
        self.view = _view(person, self.head, framing)
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

    def skin_albedo(self) -> np.ndarray:
        """Color of the bare skin, (side, side, 3)."""
        person, rng = self.person, self.person.stream('skin')
        x, y, z = (self.point[..., i] for i in range(3))
        rest = self.head.rest
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
            if wave > self.finest:
                grain += (
                    weight
                    * (0.6 + 0.8 * person.age)
                    * (
                        noise_at(x / wave / 2, (y - 0.2 * z) / wave / 2, rng)
                        - 0.5
                    )
                )
        albedo *= (1 + grain)[..., None]
        self._blemishes(albedo, rng)
        self._beard_shadow(albedo, x, y)
        return albedo

    def _blemishes(self, albedo: np.ndarray, rng: np.random.Generator) -> None:
        """Freckles, moles and the wrinkles of age."""
        canvas, person = Canvas(albedo), self.person
        skin = np.array(person.skin)
        painter = FacePainter(person, self.head, self.view, canvas)
        freckled = rng.uniform() < 0.25
        count = (
            int(rng.integers(60, 140))
            if freckled
            else (int(rng.integers(0, 6)))
        )
        spots = np.stack(
            [rng.normal(0, 0.45, count), rng.normal(0.45, 0.3, count)], 1
        )
        size = self.view.scale * (0.012 if freckled else 0.018)
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
                0.016 * self.view.scale,
                skin * 0.55,
                depth * rng.uniform(0.2, 0.8),
                0.008 * self.view.scale,
            )
        for side in (-1, 1):
            for _ in range(4):
                start = np.array((side * 0.77, 0.03)) + rng.normal(0, 0.02, 2)
                end = start + (side * 0.16, rng.normal(0.02, 0.06))
                canvas.strokes(
                    [painter.place(np.stack([start, end]))],
                    0.010 * self.view.scale,
                    skin * 0.55,
                    depth * 0.7,
                    0.004 * self.view.scale,
                )

    def _beard_shadow(
        self, albedo: np.ndarray, x: np.ndarray, y: np.ndarray
    ) -> None:
        """The even tone under the single hairs of a beard."""
        person = self.person
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

    def hair_albedo(self) -> np.ndarray:
        """Color of hair or scarf, (side, side, 3)."""
        person = self.person
        offset = self.point - CENTER
        if person.hair_style == 'scarf':
            rng = person.stream('scarf')
            folds = noise_at(
                offset[..., 0] * 1.5 + offset[..., 1],
                offset[..., 1] * 0.5,
                rng,
            )
            weave = noise_at(offset[..., 0] * 20, offset[..., 1] * 20, rng)
            tone = 0.7 + 0.4 * folds + 0.15 * weave
            color = rng.uniform(0.1, 0.85) * rng.uniform(0.5, 1.2, 3)
        else:
            tone = strand_tone(person, offset, self.finest)
            color = np.array(person.hair)
        return tone[..., None] * color.astype(np.float32)

    def _loose_hair(self, albedo: np.ndarray) -> None:
        """Break the edge of the hair by single strands."""
        if self.person.hair_style in ('bald', 'scarf'):
            return
        lines = hairline_strands(self.person, self.head, self.view)
        color = np.array(self.person.hair)
        canvas = Canvas(albedo, self.cover)
        for group, gain in enumerate((0.55, 0.8, 1.15, 1.7)):
            canvas.strokes(
                lines[group::4],
                0.006 * self.view.scale,
                np.clip(gain * color, 0, 1),
                0.75,
            )

    def light(
        self,
        normal: np.ndarray,
        shadow: np.ndarray,
        hollow: np.ndarray,
        wrap: np.ndarray,
    ) -> np.ndarray:
        """Light that falls on a surface, (side, side, 3)."""
        person = self.person
        direction = np.array(person.light, np.float32)
        cosine = (normal @ direction)[..., None]
        key = np.clip((cosine + wrap) / (1 + wrap), 0, 1)
        key = key * (0.25 * wrap + (1 - 0.25 * wrap) * shadow[..., None])
        sky = 0.85 - 0.15 * normal[..., 1:2]
        fill = np.array(person.ambient, np.float32) * hollow[..., None] * sky
        return key * np.array(person.light_color, np.float32) + fill

    def shine(self, power: float) -> np.ndarray:
        """Mirror reflection of the key light, (side, side)."""
        half = np.array(self.person.light, np.float32) + (0, 0, 1)
        half /= np.linalg.norm(half)
        cosine = np.clip(self.normal @ half.astype(np.float32), 0, 1)
        return cv2.pow(cosine, power)

    def head_picture(self) -> np.ndarray:
        """The lit head, linear light, (side, side, 3)."""
        person = self.person
        albedo = self.skin_albedo()
        on_skin = (1 - self.hair) * (self.depth > -1.0)
        painter = FacePainter(
            person, self.head, self.view, Canvas(albedo, on_skin)
        )
        painter.paint()
        hair = self.hair[..., None]
        albedo += hair * (self.hair_albedo() - albedo)
        self._loose_hair(albedo)
        wrap = WRAP * (1 - hair) + 0.25 * hair
        lit = cv2.pow(np.clip(albedo, 0.004, 1.2), GAMMA) * self.light(
            self.normal, self.shadow, self.hollow, wrap
        )
        rng = person.stream('oil')
        oil = rng.uniform(0.05, 0.30) * (
            0.6
            + 0.8
            * noise_at(self.point[..., 0] * 12, self.point[..., 1] * 12, rng)
        )
        dry = np.clip(albedo.mean(-1) / float(np.mean(person.skin)), 0, 1) ** 2
        for first in (36, 42):  # eyes reflect by their glints alone
            eye = self.head.rest[first : first + 6].mean(0)
            x = (self.point[..., 0] - float(eye[0])) / 0.18
            y = (self.point[..., 1] - float(eye[1])) / 0.11
            dry *= smoothstep(0.6, 1.5, x * x + y * y)
        gloss = (1 - self.hair) * dry * oil * self.shine(26.0) * self.shadow
        strength = 0 if person.hair_style == 'scarf' else 0.35
        gloss = (
            gloss
            + strength
            * self.hair
            * self.shine(10.0)
            * (albedo.mean(-1) * 0.8 + 0.03)
            * self.shadow
        )
        lit += gloss[..., None] * np.array(person.light_color, np.float32)
        painter.glints(Canvas(lit, on_skin))
        return lit

    def body_layer(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Neck and clothes: lit picture, cover, depth."""
        layer = body(self.person, self.view, self.side)
        bend = layer['bend']
        normal = np.stack(
            [
                bend,
                np.full_like(bend, -0.15),
                np.sqrt(np.maximum(0.97 - bend * bend, 0.05)),
            ],
            -1,
        )
        head = cv2.GaussianBlur(
            self.cover, (0, 0), 0.16 * self.view.scale * self.side
        )
        light = self.person.light
        move = np.float32(
            (
                (1, 0, -0.3 * light[0] * self.side * self.view.scale),
                (0, 1, 0.35 * self.side * self.view.scale),
            )
        )
        shade = cv2.warpAffine(head, move, (self.side, self.side))
        shadow = 1 - 0.85 * smoothstep(0.2, 0.9, shade)
        lit = cv2.pow(layer['albedo'], GAMMA) * self.light(
            normal, shadow, 1 - 0.6 * smoothstep(0.1, 1.0, shade), WRAP
        )
        return lit, layer['cover'], layer['depth']

    def compose(self) -> np.ndarray:
        """All layers, encoded for display, (side, side, 3)."""
        picture = cv2.pow(background(self.person, self.side), GAMMA)
        lit, cover, depth = self.body_layer()
        picture += cover[..., None] * (lit - picture)
        behind = smoothstep(0.05, -0.05, self.depth - depth) * cover
        visible = self.cover * (1 - behind * (self.hair > 0.5))
        picture += visible[..., None] * (self.head_picture() - picture)
        picture = np.clip(self.person.exposure * picture, 0, 9)
        picture = 1 - np.exp(-1.35 * picture)  # film-like shoulder
        picture = cv2.pow(picture, 1 / GAMMA)
        FacePainter(
            self.person, self.head, self.view, Canvas(picture)
        ).glasses(Canvas(picture))
        return picture


def _photograph(picture: np.ndarray, person: Person, size: int) -> np.ndarray:
    """Lens softness, reduction to the size, sensor noise, 8 bits."""
    sigma = person.softness * len(picture)
    if sigma > 0.3:
        picture = cv2.GaussianBlur(picture, (0, 0), sigma)
    if len(picture) != size:
        picture = cv2.resize(
            picture, (size, size), interpolation=cv2.INTER_AREA
        )
    rng = person.stream('sensor')
    noise = rng.standard_normal(picture.shape, dtype=np.float32)
    picture = picture + person.noise * noise
    return np.clip(np.round(picture * 255), 0, 255).astype(np.uint8)


def _check(seed: int, size: int) -> None:
    if seed < 0:
        raise ValueError(f'Expected a seed of at least 0, got {seed}.')
    if not SIZES[0] <= size <= SIZES[1]:
        raise ValueError(
            f'Expected a size from {SIZES[0]} to {SIZES[1]}, got {size}.'
        )


def _view(person: Person, head: Head, framing: str) -> View:
    views = dict(aligned=aligned_view, portrait=portrait_view)
    if framing not in views:
        raise ValueError(
            f'Expected framing to be one of {sorted(views)}, got {framing!r}.'
        )
    return views[framing](person, head)


def _pixels(head: Head, view: View, size: int) -> np.ndarray:
    """The 68 points in pixels of a picture of that size."""
    points = view.project(posed_points(head, view.rotation))
    return (points * size - 0.5).astype(np.float32)


def render_face(
    seed: int,
    size: int = 256,
    framing: Literal['aligned', 'portrait'] = 'aligned',
) -> tuple[np.ndarray, np.ndarray]:
    """Draw the portrait of the person with this seed.

    The same seed gives the same portrait at every size.

    Args:
        seed (int): At least 0.
        size (int): Side in pixels, 64 to 1024.
        framing (str): 'aligned': like an aligned crop whose central 80 %
            hold the face; 'portrait': like a photo, face smaller and
            off-center.

    Returns:
        tuple: Picture (size, size, 3) uint8 RGB, and the 68 iBUG points
        (68, 2) float32, x and y in pixels, pixel centers at integers.

    Raises:
        ValueError: If seed, size or framing is out of range.
    """
    _check(seed, size)
    scene = _Scene(draw_person(seed), framing, size)
    picture = _photograph(scene.compose(), scene.person, size)
    return picture, _pixels(scene.head, scene.view, size)


def face_points(
    seed: int,
    size: int = 256,
    framing: Literal['aligned', 'portrait'] = 'aligned',
) -> np.ndarray:
    """The points that `render_face` would return, without the picture.

    Args:
        seed (int): At least 0.
        size (int): Side in pixels, 64 to 1024.
        framing (str): 'aligned' or 'portrait'.

    Returns:
        np.ndarray: (68, 2) float32.
    """
    _check(seed, size)
    person = draw_person(seed)
    head = make_head(person)
    return _pixels(head, _view(person, head, framing), size)
