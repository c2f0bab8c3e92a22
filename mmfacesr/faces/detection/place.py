# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Where a face is, and the view of it that Face Mesh is given."""

from typing import NamedTuple

import numpy as np

from mmfacesr.faces.detection.mesh_mapping import (
    LEFT_EYE_CORNER,
    RIGHT_EYE_CORNER,
)

VIEW_SIZE = 384  # pixels; the mesh network itself sees 192
VIEW_OVER_FACE = 2.8  # the detector likes some room around the face
OUTER_EYE_CORNERS_68 = (36, 45)  # on the left in the picture, on the right
# The box of the mesh is larger than that of the 68 points, and higher by a
# share of their side: medians over 80 photographs (deviation 0.05 and 0.02)
# and 30 drawn faces, which agree to 0.01.
MESH_PER_POINTS = 1.106
MESH_ABOVE_POINTS = 0.105


class Place(NamedTuple):
    """Where a face is: what a view of it needs.

    Attributes:
        center (np.ndarray): (x, y) of the middle of its mesh.
        size (float): Longer side of the box around its mesh, in pixels.
        roll (float): Degrees by which its eyes are turned clockwise.
    """

    center: np.ndarray
    size: float
    roll: float

    @classmethod
    def of_mesh(cls, mesh: np.ndarray) -> 'Place':
        """The place of a mesh, (468, 3)."""
        x, y = mesh[RIGHT_EYE_CORNER, :2] - mesh[LEFT_EYE_CORNER, :2]
        roll = float(np.degrees(np.arctan2(y, x)))
        return cls(center_of(mesh), face_size(mesh), roll)

    @classmethod
    def of_points(cls, points: np.ndarray) -> 'Place':
        """About the place of the mesh of 68 points, (68, 2)."""
        first, second = OUTER_EYE_CORNERS_68
        x, y = points[second] - points[first]
        along = np.array((x, y)) / np.hypot(x, y)
        axes = np.stack([along, (-along[1], along[0])])
        turned = points @ axes.T
        size = face_size(turned)
        middle = center_of(turned) - (0, MESH_ABOVE_POINTS * size)
        roll = float(np.degrees(np.arctan2(y, x)))
        return cls(middle @ axes, MESH_PER_POINTS * size, roll)

    def view(self, angle: float) -> np.ndarray:
        """Find what brings the face into the middle of a view.

        Args:
            angle (float): Degrees by which it is turned there from upright.

        Returns:
            np.ndarray: (2, 3), from the image to the view, of `VIEW_SIZE`.
        """
        turn = np.radians(angle - self.roll)
        cos, sin = np.cos(turn), np.sin(turn)
        scale = VIEW_SIZE / (VIEW_OVER_FACE * self.size)
        turned = scale * np.array([[cos, -sin], [sin, cos]])
        shift = (VIEW_SIZE - 1) / 2 - turned @ self.center
        return np.concatenate([turned, shift[:, None]], 1)


def face_size(mesh: np.ndarray) -> float:
    """Longer side of the box around a mesh, in pixels."""
    return np.ptp(mesh[:, :2], axis=0).max()


def center_of(mesh: np.ndarray) -> np.ndarray:
    """Middle (x, y) of the box around a mesh."""
    return (mesh[:, :2].min(0) + mesh[:, :2].max(0)) / 2
