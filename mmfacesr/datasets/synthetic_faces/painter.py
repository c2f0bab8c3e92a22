# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What all painters of a face share."""

import numpy as np

from mmfacesr.datasets.synthetic_faces.anatomy import Head
from mmfacesr.datasets.synthetic_faces.person import Person
from mmfacesr.datasets.synthetic_faces.view import Canvas, View

RIM = np.linspace(0, 2 * np.pi, 40)
CIRCLE = np.stack([np.cos(RIM), np.sin(RIM)], 1)


class Painter:
    """Paints parts of one person in one view.

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
