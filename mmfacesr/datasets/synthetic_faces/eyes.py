# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Painter of eyes and brows."""

import numpy as np

from mmfacesr.datasets.synthetic_faces.painter import CIRCLE, Painter
from mmfacesr.datasets.synthetic_faces.view import Canvas, smooth_curve

EYE_IRIS = 0.098  # 11.7 mm across where the eyes are 62 mm apart


class EyePainter(Painter):
    """Paints eyes and brows; see :class:`Painter`."""

    def eye(self, side: int, points: np.ndarray) -> None:
        """Paint one eye with its lids and lashes.

        Args:
            side (int): -1 at the image's left, 1 at its right.
            points (np.ndarray): (6, 2), the resting points.
        """
        upper = smooth_curve(points[[0, 1, 2, 3]])
        lower = smooth_curve(points[[3, 4, 5, 0]])
        lids = self.place(np.concatenate([upper, lower]))
        self._lid_skin(upper, lower, side)
        self.canvas.fill(lids, (0.86, 0.83, 0.81), soft=self.width(0.006))
        self._iris(points.mean(0), lids)
        line = self.place(upper)
        shade = np.concatenate([line, self.place(upper + (0, 0.045))[::-1]])
        self.canvas.fill(shade, 0.25 * self.skin, 0.45, self.width(0.02), lids)
        corner = points[3] if side < 0 else points[0]
        pink = self.place(corner + 0.024 * CIRCLE - (side * -0.012, 0))
        self.canvas.fill(
            pink, (0.72, 0.42, 0.38), 0.8, self.width(0.008), lids
        )
        self.canvas.strokes(
            [self.place(lower)],
            self.width(0.012),
            self.skin * (0.8, 0.6, 0.55),
            0.7,
            self.width(0.006),
        )
        dark = 0.35 - 0.25 * self.person.make_up
        self.canvas.strokes(
            [line],
            self.width(0.026),
            self.skin * dark,
            0.85,
            self.width(0.006),
        )
        self._lashes(side, upper, lower)

    def _lid_skin(
        self, upper: np.ndarray, lower: np.ndarray, side: int
    ) -> None:
        """Crease above the eye, color of the lid, bag below."""
        center = (upper[0] + upper[-1]) / 2
        crease = (upper - center) * (1.12, 1.25) + center - (0, 0.055)
        lid = np.concatenate([self.place(upper), self.place(crease)[::-1]])
        shadow = self.skin * (0.72, 0.62, 0.62)
        if self.person.make_up > 0.5:
            tint = self.person.stream('shadow').uniform(0.3, 0.9, 3)
            shadow = shadow * tint
        self.canvas.fill(
            lid, shadow, 0.35 + 0.3 * self.person.make_up, self.width(0.02)
        )
        self.canvas.strokes(
            [self.place(crease)],
            self.width(0.018),
            self.skin * 0.5,
            0.75,
            self.width(0.008),
        )
        bag = (lower - center) * (0.95, 1.2) + center + (0, 0.06)
        self.canvas.strokes(
            [self.place(bag)],
            self.width(0.03),
            self.skin * (0.75, 0.66, 0.68),
            0.25 + 0.45 * self.person.age,
            self.width(0.02),
        )

    def _iris(self, center: np.ndarray, lids: np.ndarray) -> None:
        """Iris with its rim, fibres and pupil, bounded by the lids."""
        person, rng = self.person, self.person.stream('iris')
        follow = 0.11 * self.view.toward[:2]
        center = center + person.gaze + follow + (0, -0.008)
        depth = self.head.lift(center[None])[0, 2]

        def ring(radius: float, angles: np.ndarray = CIRCLE) -> np.ndarray:
            flat = center + radius * angles
            deep = np.full((len(flat), 1), depth)
            return self.view.project(np.concatenate([flat, deep], 1))

        iris = np.array(person.iris)
        soft = self.width(0.006)
        self.canvas.fill(ring(EYE_IRIS), 0.4 * iris, 0.95, soft, lids)
        self.canvas.fill(ring(0.82 * EYE_IRIS), iris, 0.95, soft, lids)
        angle = rng.uniform(0, 2 * np.pi, 60)
        inner = rng.uniform(0.35, 0.5, 60) * EYE_IRIS
        outer = rng.uniform(0.6, 0.9, 60) * EYE_IRIS
        spokes = np.stack([np.cos(angle), np.sin(angle)], 1)
        for group, gain in ((slice(0, 30), 1.5), (slice(30, 60), 0.6)):
            lines = [
                np.stack([ring(a, s[None])[0], ring(b, s[None])[0]])
                for a, b, s in zip(inner[group], outer[group], spokes[group])
            ]
            self.canvas.strokes(
                lines, self.width(0.006), np.clip(iris * gain, 0, 1), 0.6
            )
        self.canvas.fill(
            ring(0.42 * EYE_IRIS),
            (0.02, 0.02, 0.02),
            1,
            self.width(0.004),
            lids,
        )

    def _lashes(self, side: int, upper: np.ndarray, lower: np.ndarray) -> None:
        rng = self.person.stream('lashes')
        length = 0.045 + 0.035 * self.person.make_up
        lines = []
        for curve, count, sign, size in (
            (upper, 44, -1, length),
            (lower, 20, 1, 0.45 * length),
        ):
            index = rng.uniform(0.5, len(curve) - 1.5, count)
            low = index.astype(int)
            roots = curve[low] + (index - low)[:, None] * (
                curve[low + 1] - curve[low]
            )
            lean = (roots[:, 0] - curve[:, 0].mean()) / 0.2
            tips = roots + size * rng.uniform(0.6, 1.1, (count, 1)) * (
                np.stack([0.8 * lean, np.full(count, sign * 0.9)], 1)
            )
            both = self.place(np.concatenate([roots, tips]))
            lines += list(np.stack([both[:count], both[count:]], 1))
        self.canvas.strokes(
            lines,
            self.width(0.006),
            (0.05, 0.04, 0.04),
            0.55 + 0.3 * self.person.make_up,
        )

    def glints(self, canvas: Canvas) -> None:
        """Put the light's reflection on both eyes, after lighting."""
        light = np.array(self.person.light)
        for first in (36, 42):
            points = self.rest[first : first + 6]
            lids = self.place(
                np.concatenate(
                    [
                        smooth_curve(points[:4]),
                        smooth_curve(points[[3, 4, 5, 0]]),
                    ]
                )
            )
            center = (
                points.mean(0)
                + self.person.gaze
                + (0.11 * self.view.toward[:2])
            )
            middle = self.place(center[None])[0]
            spot = (
                middle
                + self.width(0.055) * light[:2]
                + (self.width(0.022) * CIRCLE)
            )
            canvas.fill(spot, (1, 1, 1), 0.9, self.width(0.005), lids)

    def brows(self) -> None:
        """Two brows of single hairs below the points' line."""
        person, rng = self.person, self.person.stream('brows')
        thick = 0.085 * person.shape['brow_thickness']
        color = np.array(person.hair) * 0.75 + 0.03
        if min(person.hair) > 0.4:
            color = color * 0.7
        for first, order in ((17, (4, 3, 2, 1, 0)), (22, (0, 1, 2, 3, 4))):
            points = self.rest[first : first + 5][list(order)]
            ridge = smooth_curve(points, 12)
            t = np.linspace(0, 1, len(ridge))[:, None]
            body = thick * (0.75 + 0.5 * t - 1.1 * t**3)
            area = np.concatenate(
                [ridge - (0, 0.25) * body, (ridge + (0, 0.75) * body)[::-1]]
            )
            self.canvas.fill(self.place(area), color, 0.45, self.width(0.018))
            self._brow_hairs(ridge, body[:, 0], color, rng)

    def _brow_hairs(
        self,
        ridge: np.ndarray,
        body: np.ndarray,
        color: np.ndarray,
        rng: np.random.Generator,
    ) -> None:
        count = 190
        t = rng.uniform(0, 1, count)
        index = t * (len(ridge) - 1.001)
        low = index.astype(int)
        roots = ridge[low] + (index - low)[:, None] * (
            ridge[low + 1] - ridge[low]
        )
        across = rng.uniform(-0.25, 0.8, count)
        roots[:, 1] += across * body[low]
        along = ridge[low + 1] - ridge[low]
        along /= np.linalg.norm(along, axis=1, keepdims=True)
        rise = np.stack([np.zeros(count), 0.9 - 0.7 * t - 0.9 * across], 1)
        tips = roots + 0.085 * rng.uniform(0.6, 1.2, (count, 1)) * (
            along - rise
        )
        both = self.place(np.concatenate([roots, tips]))
        lines = list(np.stack([both[:count], both[count:]], 1))
        for part, gain in ((slice(0, 115), 1.0), (slice(115, None), 0.6)):
            self.canvas.strokes(
                lines[part], self.width(0.007), color * gain, 0.7
            )
