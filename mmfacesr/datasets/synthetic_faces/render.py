# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""From a seed to a picture and its 68 points."""

from typing import Literal

import cv2
import numpy as np

from mmfacesr.datasets.synthetic_faces.anatomy import CENTER, Head, smoothstep
from mmfacesr.datasets.synthetic_faces.features import FacePainter
from mmfacesr.datasets.synthetic_faces.hair import (
    hairline_strands,
    strand_tone,
)
from mmfacesr.datasets.synthetic_faces.landmarks import posed_points
from mmfacesr.datasets.synthetic_faces.person import Person, draw_person
from mmfacesr.datasets.synthetic_faces.scenery import background, body
from mmfacesr.datasets.synthetic_faces.skin import skin_albedo
from mmfacesr.datasets.synthetic_faces.snapshot import (
    SnapshotPainter,
    as_snapshot,
)
from mmfacesr.datasets.synthetic_faces.surface import (
    Surface,
    make_head,
    make_view,
)
from mmfacesr.datasets.synthetic_faces.textures import noise_at
from mmfacesr.datasets.synthetic_faces.view import Canvas, View

SIZES = (64, 1024)
LOOKS = ('studio', 'snapshot')
REVISION = 1  # raised whenever a seed gives another picture
GAMMA = 2.2
WRAP = np.array((0.30, 0.16, 0.10), np.float32)  # light bleeding under skin


class Scene(Surface):
    """Lights and composes the layers of a picture; see :class:`Surface`."""

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
        albedo = skin_albedo(self)
        on_skin = (1 - self.hair) * (self.depth > -1.0)
        kind = SnapshotPainter if person.relief else FacePainter
        painter = kind(person, self.head, self.view, Canvas(albedo, on_skin))
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
        lit = self.lit_body(layer, self.cover)
        return lit, layer['cover'], layer['depth']

    def lit_body(
        self, layer: dict[str, np.ndarray], cover: np.ndarray
    ) -> np.ndarray:
        """Light a body on which the head throws its shadow.

        Args:
            layer (dict): From `body`.
            cover (np.ndarray): (side, side), where the head is, in [0, 1].

        Returns:
            np.ndarray: (side, side, 3), linear light.
        """
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
            cover, (0, 0), 0.16 * self.view.scale * self.side
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
        return cv2.pow(layer['albedo'], GAMMA) * self.light(
            normal, shadow, 1 - 0.6 * smoothstep(0.1, 1.0, shade), WRAP
        )

    def put_person(self, picture: np.ndarray) -> np.ndarray:
        """Put body and head on a picture.

        Args:
            picture (np.ndarray): (side, side, 3), linear light, painted in
                place.

        Returns:
            np.ndarray: (side, side), what was covered, in [0, 1].
        """
        lit, cover, depth = self.body_layer()
        picture += cover[..., None] * (lit - picture)
        behind = smoothstep(0.05, -0.05, self.depth - depth) * cover
        visible = self.cover * (1 - behind * (self.hair > 0.5))
        picture += visible[..., None] * (self.head_picture() - picture)
        return 1 - (1 - cover) * (1 - visible)

    def put_glasses(self, picture: np.ndarray) -> None:
        """Put the glasses on a picture that is encoded for display."""
        canvas = Canvas(picture)
        FacePainter(self.person, self.head, self.view, canvas).glasses(canvas)

    def compose(self) -> np.ndarray:
        """All layers, encoded for display, (side, side, 3)."""
        picture = cv2.pow(background(self.person, self.side), GAMMA)
        self.put_person(picture)
        picture = expose(picture, self.person.exposure)
        self.put_glasses(picture)
        return picture


def expose(picture: np.ndarray, exposure: float) -> np.ndarray:
    """From linear light to [0, 1], encoded for display."""
    picture = np.clip(exposure * picture, 0, 9)
    picture = 1 - np.exp(-1.35 * picture)  # film-like shoulder
    return cv2.pow(picture, 1 / GAMMA)


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


def pixels(head: Head, view: View, size: int) -> np.ndarray:
    """The 68 points in pixels of a picture of that size."""
    points = view.project(posed_points(head, view.rotation))
    return (points * size - 0.5).astype(np.float32)


def render_face(
    seed: int,
    size: int = 256,
    framing: Literal['aligned', 'portrait'] = 'aligned',
    look: Literal['studio', 'snapshot'] = 'studio',
) -> tuple[np.ndarray, np.ndarray]:
    """Draw the portrait of the person with this seed.

    The same seed gives the same portrait at every size.

    Args:
        seed (int): At least 0.
        size (int): Side in pixels, 64 to 1024.
        framing (str): 'aligned': like an aligned crop whose central 80 %
            hold the face; 'portrait': like a photo, face smaller and
            off-center.
        look (str): 'studio' or 'snapshot', see `as_snapshot`.

    Returns:
        tuple: Picture (size, size, 3) uint8 RGB, and the 68 iBUG points
        (68, 2) float32, x and y in pixels, pixel centers at integers.

    Raises:
        ValueError: If seed, size, framing or look is out of range.
    """
    _check(seed, size)
    if look not in LOOKS:
        raise ValueError(f'Expected a look of {LOOKS}, got {look!r}.')
    person = draw_person(seed)
    if look == 'snapshot':
        person = as_snapshot(person)
    head = make_head(person)
    view = make_view(person, head, framing)
    scene = Scene(person, head, view, size)
    picture = _photograph(scene.compose(), person, size)
    return picture, pixels(head, view, size)


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
    return pixels(head, make_view(person, head, framing), size)
