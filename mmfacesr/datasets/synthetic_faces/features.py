# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Painters of eyes, brows, mouth, nostrils, beard and glasses.

All paint colors of the surface (albedo); the light is put on afterwards.
"""

import numpy as np

from mmfacesr.datasets.synthetic_faces.anatomy import CENTER, Head, look_up
from mmfacesr.datasets.synthetic_faces.person import Person
from mmfacesr.datasets.synthetic_faces.view import Canvas, View, smooth_curve

RIM = np.linspace(0, 2 * np.pi, 40)
CIRCLE = np.stack([np.cos(RIM), np.sin(RIM)], 1)
EYE_IRIS = 0.098  # 11.7 mm across where the eyes are 62 mm apart


class FacePainter:
    """Paints the features of one person in one view.

    Args:
        person (Person): Whom to paint.
        head (Head): The surface.
        view (View): The camera.
        canvas (Canvas): Albedo of the head.
    """

    def __init__(
        self, person: Person, head: Head, view: View, canvas: Canvas
    ) -> None:
        self.person, self.head, self.view = person, head, view
        self.canvas = canvas
        self.skin = np.array(person.skin)
        self.rest = head.rest

    def place(self, points: np.ndarray) -> np.ndarray:
        """Frontal-plane points (n, 2) on the skin, in the picture."""
        return self.view.project(self.head.lift(points))

    def width(self, length: float) -> float:
        """A length in eye distances as picture sides."""
        return length * self.view.scale

    def paint(self) -> None:
        """Paint all features, from the deepest to the outermost."""
        self.ears()
        self.nostrils()
        self.mouth()
        for side, first in ((-1, 36), (1, 42)):
            self.eye(side, self.rest[first : first + 6])
        self.beard()
        self.brows()

    # eyes ----------------------------------------------------------------
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

    # brows ---------------------------------------------------------------
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

    # ears, nose and mouth --------------------------------------------------
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

    # beard ---------------------------------------------------------------
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

    # glasses -------------------------------------------------------------
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
