# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""People as in snapshots: laughing, in harder light, with deeper relief.

`draw_person` draws people as in a studio: calm, evenly lit, many with
glasses. The mean of aligned press photographs is another: dark eye sockets, a
bright ridge of the nose, folds from nose to mouth, teeth, a shadow below the
chin. What a network learns of a face at 16 pixels is little more than that.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np

from mmfacesr.datasets.synthetic_faces.features import FacePainter
from mmfacesr.datasets.synthetic_faces.painter import CIRCLE
from mmfacesr.datasets.synthetic_faces.person import Person
from mmfacesr.datasets.synthetic_faces.view import Canvas, smooth_curve

TEETH = (0.90, 0.87, 0.82)

# Shades beside one eye, as polygons around its height for the image's right
# side: opacity, brightness relative to the skin, points.
SOCKETS = (
    (
        0.60,
        0.35,
        (
            (0.12, -0.24),
            (0.30, -0.22),
            (0.40, -0.10),
            (0.27, 0.06),
            (0.13, 0.14),
        ),
    ),
    (
        0.50,
        0.45,
        (
            (0.22, -0.22),
            (0.55, -0.25),
            (0.85, -0.20),
            (0.85, -0.07),
            (0.50, -0.10),
            (0.25, -0.06),
        ),
    ),
    (0.40, 0.45, ((0.66, -0.06), (0.84, -0.08), (0.86, 0.06), (0.70, 0.10))),
    (
        0.35,
        0.60,
        ((0.20, 0.10), (0.40, 0.14), (0.70, 0.12), (0.66, 0.20), (0.35, 0.24)),
    ),
)
NOSE_SIDE = ((0.17, -0.12), (0.17, 0.15), (0.24, 0.48))
MOUTH_FOLD = ((0.30, 0.52), (0.44, 0.74), (0.53, 0.98))
NOSE_RIDGE = ((0, -0.22), (0, 0.20), (0, 0.55))
CHIN_LINE = ((-0.5, -0.20), (-0.25, -0.03), (0, 0), (0.25, -0.03), (0.5, -0.2))


def as_snapshot(person: Person) -> Person:
    """The same person, photographed elsewhere.

    Args:
        person (Person): From `draw_person`.

    Returns:
        Person: With `relief` above 0, other light, pose, expression and
        proportions; skin, hair and clothes stay.
    """
    rng = person.stream('snapshot')
    shape = dict(person.shape)
    for name, change in (
        ('brow_height', -rng.uniform(0.05, 0.16)),
        ('brow_arch', -0.03),
        ('brow_ridge', 0.04),
        ('eye_depth', 0.05),
        ('mouth_height', -0.08),
        ('nose_tip', -0.04),
    ):
        shape[name] += change
    for name, factor in (
        ('brow_thickness', rng.uniform(0.5, 1.1)),
        ('face_width', 1.08),
        ('jaw_width', 1.14),
        ('nose_width', 0.85),
        ('nose_height', 0.65),
        ('nose_length', 0.97),
        ('mouth_width', 1.06),
        ('upper_lip', 0.70),
        ('lower_lip', 0.75),
    ):
        shape[name] *= factor
    side, height = rng.normal(0, 0.7), rng.uniform(0, 0.7)
    light = (
        np.sin(side) * np.cos(height),
        -np.sin(height),
        np.cos(side) * np.cos(height),
    )
    key = np.array(person.light_color) / np.mean(person.light_color)
    fill = np.array(person.ambient) / np.mean(person.ambient)
    laughing = rng.uniform() < 0.65
    gap = rng.uniform(0.25, 0.7)
    return replace(
        person,
        shape=shape,
        relief=float(rng.uniform(0.25, 0.75)),
        light=tuple(float(v) for v in light),
        light_color=tuple(key * rng.uniform(0.85, 1.4)),
        ambient=tuple(fill * rng.uniform(0.10, 0.32)),
        smile=float(np.clip(rng.normal(0.45, 0.40), -0.3, 1.2)),
        mouth_open=float(gap) if laughing else person.mouth_open,
        eye_open=0.85 * person.eye_open,
        yaw=0.75 * person.yaw,
        glasses='none' if rng.uniform() < 0.65 else person.glasses,
    )


class _Faint(Canvas):
    """Paints on another canvas with less than the opacity asked for."""

    def __init__(self, canvas: Canvas, share: float) -> None:
        super().__init__(canvas.picture, canvas.clip)
        self._share = share

    def _blend(
        self, box: tuple, mask: np.ndarray, color: tuple | np.ndarray
    ) -> None:
        super()._blend(box, self._share * mask, color)


class SnapshotPainter(FacePainter):
    """Paints a person with `relief`; see :class:`FacePainter`."""

    def paint(self) -> None:
        """Paint the relief, all features, and the shade over the eyes."""
        self._rng = self.person.stream('relief')
        self._relief()
        super().paint()
        self._shade_eyes()

    def _opacity(self, weight: float) -> float:
        """The weight, varied by the person's relief and by chance."""
        return min(
            weight * self.person.relief * self._rng.uniform(0.7, 1.3), 1
        )

    def _spot(
        self,
        center: tuple | np.ndarray,
        radii: tuple,
        color: np.ndarray,
        opacity: float,
        soft: float,
    ) -> None:
        """A soft ellipse."""
        points = np.asarray(center) + np.array(radii) * CIRCLE
        self.canvas.fill(self.place(points), color, opacity, self.width(soft))

    def _line(
        self,
        points: np.ndarray,
        width: float,
        color: np.ndarray,
        opacity: float,
        soft: float,
    ) -> None:
        """A soft curve."""
        self.canvas.strokes(
            [self.place(smooth_curve(points))],
            self.width(width),
            color,
            opacity,
            self.width(soft),
        )

    def _relief(self) -> None:
        """Shades and lights of a lit face that the surface is too flat for."""
        skin, weigh = self.skin, self._opacity
        bright = np.clip(1.3 * skin + 0.06, 0, 1)
        for side, first, corner in ((-1, 36, 48), (1, 42, 54)):
            mirror = np.array((side, 1.0))
            height = (0, self.rest[first : first + 6, 1].mean())
            for opacity, tone, points in SOCKETS:
                self.canvas.fill(
                    self.place(np.array(points) * mirror + height),
                    tone * skin,
                    weigh(opacity),
                    self.width(0.05),
                )
            nose = np.array(NOSE_SIDE) * mirror
            self._line(nose, 0.09, 0.40 * skin, weigh(0.55), 0.04)
            fold = np.array(MOUTH_FOLD) * mirror
            self._line(fold, 0.05, 0.35 * skin, weigh(0.50), 0.035)
            cheek = (0.56 * side, 0.42)
            self._spot(cheek, (0.20, 0.14), bright, weigh(0.35), 0.09)
            end = self.rest[corner] + (0.02 * side, 0)
            self._spot(end, (0.06, 0.06), 0.30 * skin, weigh(0.50), 0.03)
        ridge = np.array(NOSE_RIDGE)
        self._line(ridge, 0.11, bright, weigh(0.60), 0.04)
        self._spot((0, -0.55), (0.45, 0.16), bright, weigh(0.10), 0.12)
        chin = (0, self.rest[57, 1] + 0.32)
        self._spot(chin, (0.16, 0.10), bright, weigh(0.35), 0.06)
        low = np.array(CHIN_LINE) + (0, 1.77 + self._rng.normal(0, 0.04))
        self._line(low, 0.09, 0.25 * skin, weigh(1.2), 0.045)

    def _shade_eyes(self) -> None:
        """Lids and brows keep light from the eyes."""
        shade = self._rng.uniform(0.1, 0.5)
        for first in (36, 42):
            eye = self.rest[first : first + 6].mean(0)
            self._spot(eye, (0.26, 0.11), 0.3 * self.skin, shade, 0.05)

    def nostrils(self) -> None:
        """Fainter ones: the relief has shades of its own there."""
        with self._faint(0.85):
            super().nostrils()

    def brows(self) -> None:
        """Softer ones: a brow is as dark as its hair seldom."""
        with self._faint(0.7):
            super().brows()

    @contextmanager
    def _faint(self, share: float) -> Iterator[None]:
        """Paint with less than the opacity asked for."""
        strong, self.canvas = self.canvas, _Faint(self.canvas, share)
        yield
        self.canvas = strong

    def _teeth(self, hole: np.ndarray) -> None:
        """One bright row that fills most of the gap."""
        rest = self.rest
        gap = rest[66, 1] - rest[62, 1]
        if gap < 0.03:
            return
        top = smooth_curve(rest[60:65])
        drop = min(0.9 * gap, 0.15)
        row = np.concatenate([top - (0, 0.02), (top + (0, drop))[::-1]])
        self.canvas.fill(self.place(row), TEETH, 0.95, self.width(0.008), hole)

    def glints(self, canvas: Canvas) -> None:
        """In few eyes only."""
        if self.person.stream('glint').uniform() < 0.35:
            super().glints(canvas)
