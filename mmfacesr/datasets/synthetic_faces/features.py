# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Painter of a whole face: ears, nostrils, mouth, beard, glasses, eyes.

All paint colors of the surface (albedo); the light is put on afterwards.
"""

import numpy as np

from mmfacesr.datasets.synthetic_faces.anatomy import CENTER, look_up
from mmfacesr.datasets.synthetic_faces.eyes import EyePainter
from mmfacesr.datasets.synthetic_faces.painter import CIRCLE
from mmfacesr.datasets.synthetic_faces.view import Canvas, smooth_curve


class FacePainter(EyePainter):
    """Paints all features; see :class:`Painter`."""

    def paint(self) -> None:
        """Paint all features, from the deepest to the outermost."""
        self.ears()
        self.nostrils()
        self.mouth()
        for side, first in ((-1, 36), (1, 42)):
            self.eye(side, self.rest[first : first + 6])
        self.beard()
        self.brows()

    def ears(self) -> None:
        """The hollow and the rim of both ears."""
        turn = np.linspace(-2.3, 1.9, 16)
        for side in (-1, 1):
            for size, width, opacity in ((1.0, 0.03, 0.35), (0.55, 0.06, 0.5)):
                flat = np.stack(
                    [
                        np.full(16, side * 1.2),
                        0.06 + 0.19 * size * np.sin(turn),
                        -0.05 + 0.07 * size * np.cos(turn),
                    ],
                    1,
                ).astype(np.float32)
                flat /= np.linalg.norm(flat, axis=1, keepdims=True)
                radius = look_up(self.head.skin, flat[None])[0]
                line = self.view.project(CENTER + radius[:, None] * flat)
                self.canvas.strokes(
                    [line],
                    self.width(width),
                    self.skin * 0.45,
                    opacity,
                    self.width(0.012),
                )

    def nostrils(self) -> None:
        """The two openings and the line of the wings."""
        wide = self.person.shape['nose_width']
        base = self.rest[33, 1] - 0.05
        for side in (-1, 1):
            hole = (side * 0.105 * wide, base - 0.03) + (
                (0.056 * wide, 0.023) * CIRCLE
            )
            self.canvas.fill(
                self.place(hole), 0.22 * self.skin, 0.8, self.width(0.014)
            )
            wing = np.array(
                (
                    (0.13, -0.17),
                    (0.205, -0.15),
                    (0.235, -0.075),
                    (0.19, -0.02),
                    (0.12, -0.01),
                )
            )
            wing = wing * (side * wide, 1) + (0, base)
            self.canvas.strokes(
                [self.place(smooth_curve(wing[1:]))],
                self.width(0.022),
                self.skin * 0.55,
                0.5,
                self.width(0.012),
            )

    def mouth(self) -> None:
        """Lips, the dark between them, teeth."""
        rest, rng = self.rest, self.person.stream('mouth')
        lips = np.array(self.person.lips)
        outer_up = self.place(smooth_curve(rest[48:55]))
        outer_low = self.place(
            smooth_curve(rest[[54, 55, 56, 57, 58, 59, 48]])
        )
        inner_up = self.place(smooth_curve(rest[60:65]))
        inner_low = self.place(smooth_curve(rest[[64, 65, 66, 67, 60]]))
        edge = self.width(0.014)
        self.canvas.fill(
            np.concatenate([outer_up, inner_up[::-1]]), lips * 0.86, 0.9, edge
        )
        self.canvas.fill(
            np.concatenate([outer_low, inner_low[::-1]]), lips, 0.85, edge
        )
        self._lip_lines(rng, lips)
        hole = np.concatenate([inner_up, inner_low])
        if self.person.mouth_open > 0.02:
            self.canvas.fill(hole, (0.16, 0.05, 0.05), 1, self.width(0.006))
            self._teeth(hole)
        self.canvas.strokes(
            [inner_up], self.width(0.022), lips * 0.3, 0.75, self.width(0.006)
        )
        corners = np.stack([rest[48], rest[54]])
        for corner in corners:
            self.canvas.fill(
                self.place(corner + 0.03 * CIRCLE),
                self.skin * 0.45,
                0.5,
                self.width(0.018),
            )
        below = rest[55:60] + (0, 0.05)
        self.canvas.strokes(
            [self.place(smooth_curve(below))],
            self.width(0.04),
            self.skin * 0.62,
            0.35,
            self.width(0.025),
        )

    def _lip_lines(self, rng: np.random.Generator, lips: np.ndarray) -> None:
        """Fine vertical folds."""
        x = rng.uniform(-0.8, 0.8, 46)
        half = (self.rest[54, 0] - self.rest[48, 0]) / 2
        top = self.rest[66, 1] + 0.02 * rng.uniform(0, 1, 46)
        flat = np.stack([half * x, top], 1)
        size = (self.rest[57, 1] - self.rest[66, 1]) * (1 - x**2) * 0.7
        ends = flat + np.stack([0.015 * x, size], 1)
        both = self.place(np.concatenate([flat, ends]))
        lines = list(np.stack([both[:46], both[46:]], 1))
        self.canvas.strokes(lines[:23], self.width(0.008), lips * 0.7, 0.4)
        self.canvas.strokes(
            lines[23:], self.width(0.008), np.clip(lips * 1.25, 0, 1), 0.35
        )

    def _teeth(self, hole: np.ndarray) -> None:
        """Upper teeth where the smile or the gap shows them."""
        rest = self.rest
        gap = rest[66, 1] - rest[62, 1]
        if gap < 0.03:
            return
        top = smooth_curve(rest[60:65])
        drop = min(0.75 * gap, 0.115)
        row = np.concatenate([top - (0, 0.02), (top + (0, drop))[::-1]])
        self.canvas.fill(
            self.place(row), (0.88, 0.85, 0.79), 0.95, self.width(0.008), hole
        )
        half = rest[64, 0] - rest[60, 0]
        places = np.array((-0.36, -0.25, -0.13, 0, 0.13, 0.25, 0.36)) * half
        lines = [
            self.place(
                np.array(
                    ((x, rest[62, 1] - 0.01), (x, rest[62, 1] + drop * 0.9))
                )
                + (rest[62, 0], 0)
            )
            for x in places
        ]
        self.canvas.strokes(lines, self.width(0.007), (0.5, 0.42, 0.38), 0.5)

    def beard(self) -> None:
        """Stubble or beard: short hairs over cheeks, chin, upper lip."""
        person, rng = self.person, self.person.stream('beard')
        if person.beard == 0:
            return
        count = 2600
        flat = np.stack(
            [rng.uniform(-1.0, 1.0, count), rng.uniform(0.70, 1.75, count)], 1
        )
        flat = flat[self._bearded(flat, rng)]
        size = 0.02 + 0.075 * max(person.beard - 0.35, 0)
        down = np.stack([0.5 * flat[:, 0], np.ones(len(flat))], 1)
        down += rng.normal(0, 0.35, down.shape)
        both = self.place(np.concatenate([flat, flat + size * down]))
        lines = list(np.stack([both[: len(flat)], both[len(flat) :]], 1))
        color = np.array(person.hair)
        opacity = 0.25 + 0.5 * person.beard
        for group, gain in enumerate((0.7, 1.0, 1.4)):
            self.canvas.strokes(
                lines[group::3],
                self.width(0.010),
                np.clip(color * gain, 0, 1),
                opacity,
            )

    def _bearded(
        self, flat: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """Which points of the frontal plane carry hair."""
        rest, person = self.rest, self.person
        x, y = np.abs(flat[:, 0]), flat[:, 1]
        line = 1.28 - 0.62 * x**2 - 0.15 * rng.uniform(0, 1, len(x))
        line = np.where(x > 0.5, np.minimum(line, 1.7 - 1.05 * x), line)
        cheek = (y > line) & (x < 0.93)
        half = (rest[54, 0] - rest[48, 0]) / 2
        lip = (
            (y > rest[33, 1] + 0.04)
            & (y < rest[51, 1] + 0.03 + x * 0.2)
            & (x < half * 1.15)
            & (x > 0.02)
        )
        side = (x > half * 1.05) & (x < half * 1.4) & (y > rest[51, 1])
        mouth = (
            (x / (half * 1.04)) ** 2
            + ((y - rest[66, 1]) / (rest[57, 1] - rest[62, 1] + 0.02)) ** 2
        ) < 1
        keep = cheek * (person.beard > rng.uniform(0, 0.5, len(x)))
        keep = keep | (lip | side) * (
            person.mustache > rng.uniform(0, 0.5, len(x))
        )
        return keep & ~(mouth & (y > rest[51, 1] - 0.02))

    def glasses(self, canvas: Canvas) -> None:
        """Frame, lenses and their reflections, after lighting."""
        person, rng = self.person, self.person.stream('glasses')
        if person.glasses == 'none':
            return
        power = {'round': 2.0, 'square': 4.5, 'half': 3.5}[person.glasses]
        high = {'round': 0.33, 'square': 0.27, 'half': 0.24}[person.glasses]
        unit = np.sign(CIRCLE) * np.abs(CIRCLE) ** (2 / power)
        front = float(self.head.lift(np.array(((0.0, 0.05),)))[0, 2]) + 0.08
        color = rng.uniform(0.02, 0.75) * rng.uniform(0.4, 1, 3)
        if rng.uniform() < 0.5:
            color = np.full(3, rng.uniform(0.02, 0.1))
        rims = []
        for side in (-1, 1):
            flat = (side * 0.53, 0.06) + unit * (0.37, high)
            bend = front - 0.22 * (np.abs(flat[:, :1]) - 0.15) ** 2
            rims.append(self.view.project(np.concatenate([flat, bend], 1)))
        thick = self.width(rng.uniform(0.018, 0.055))
        for side, rim in zip((-1, 1), rims):
            canvas.fill(rim, (0.75, 0.8, 0.85), 0.07)
            streak = rim.mean(0) + (rim - rim.mean(0)) * (0.22, 0.85)
            streak += (streak[:, 1:] - rim.mean(0)[1]) * (-0.7, 0)
            canvas.fill(
                streak,
                (1, 1, 1),
                rng.uniform(0.03, 0.16),
                self.width(0.02),
                rim,
            )
            part = rim[19:] if person.glasses == 'half' else rim
            canvas.strokes(
                [part + (0, self.width(0.025))],
                thick,
                (0.05, 0.03, 0.02),
                0.25,
                self.width(0.02),
            )
            canvas.strokes([part], thick, color, 0.97)
            canvas.strokes(
                [part - (0, thick * 0.2)],
                thick * 0.25,
                np.clip(color * 1.5 + 0.2, 0, 1),
                0.6,
            )
            arm = np.array(
                ((side * 0.89, 0.0, front - 0.13), (side * 1.2, 0.05, 0.1))
            )
            if side * self.view.toward[0] > -0.15:
                canvas.strokes(
                    [self.view.project(arm)], thick * 0.9, color, 0.95
                )
        bridge = np.array(
            ((-0.17, 0.02), (-0.07, -0.02), (0.07, -0.02), (0.17, 0.02))
        )
        bridge = np.concatenate([bridge, np.full((4, 1), front + 0.02)], 1)
        canvas.strokes(
            [smooth_curve(self.view.project(bridge))],
            thick * 0.8,
            color,
            0.97,
        )
