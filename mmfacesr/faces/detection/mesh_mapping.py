# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""From the 468 points of MediaPipe's Face Mesh to the 68 of iBUG.

The mesh follows the surface of a face, the 68 points what people clicked on;
on the jaw they differ by 9 % of the eye distance. The mapping is linear in
the mesh, seen in a frame given by the eyes::

    point = mesh point of the same place + offset + weights . (mesh shape)

with the mesh shape as principal components. docs/landmarks.md says what it
was fitted on and how well it does.
"""

import io
import os
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from mmfacesr.faces.schemes import FLIP_68

NUM_MESH_POINTS = 468
# Outer eye corners, left and right in the image.
LEFT_EYE_CORNER, RIGHT_EYE_CORNER = 33, 263
# The mesh vertex next to each of the 68 points, in their order.
NEAREST_VERTEX = np.array(
    [
        *(
            162,
            234,
            93,
            58,
            172,
            136,
            149,
            148,
            152,
        ),  # jaw, left half and chin
        *(377, 378, 365, 397, 288, 323, 454, 389),  # jaw, right half
        *(71, 63, 105, 66, 107, 336, 296, 334, 293, 301),  # brows
        *(168, 197, 5, 4, 75, 97, 2, 326, 305),  # nose
        *(33, 160, 158, 133, 153, 144),  # left eye
        *(362, 385, 387, 263, 373, 380),  # right eye
        *(61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181),  # outer lip
        *(78, 82, 13, 312, 308, 317, 14, 87),  # inner lip
    ]
)
_DEFAULT_FILE = Path(__file__).with_name('mediapipe_to_ibug68.npz')


class EyeFrame:
    """Similarity that puts the outer eye corners at (-.5, 0) and (.5, 0).

    Args:
        meshes (np.ndarray): (N, 468, >= 2) x, y in pixels.
    """

    def __init__(self, meshes: np.ndarray) -> None:
        left = meshes[:, LEFT_EYE_CORNER, :2].astype(np.float64)
        right = meshes[:, RIGHT_EYE_CORNER, :2].astype(np.float64)
        self._center = ((left + right) / 2)[:, None]
        x, y = (right - left).T
        self.scale = np.hypot(x, y)  # (N,), pixels
        # rows: the two axes of the frame times the scale
        self._axes = np.stack([np.stack([x, y], 1), np.stack([-y, x], 1)], 1)

    def enter(self, points: np.ndarray) -> np.ndarray:
        """(N, K, 2 or 3) in pixels -> the same in eye distances."""
        xy = (points[..., :2] - self._center) @ self._axes.transpose(0, 2, 1)
        xy = xy / self.scale[:, None, None] ** 2
        z = points[..., 2:] / self.scale[:, None, None]
        return np.concatenate([xy, z], -1)

    def leave(self, points: np.ndarray) -> np.ndarray:
        """(N, K, 2) in eye distances -> in pixels."""
        return points @ self._axes + self._center


@dataclass(frozen=True)
class MeshMapping:
    """Fitted coefficients; C components.

    Attributes:
        mirror (np.ndarray): (468,) order of the vertices after a horizontal
            mirror; a property of the mesh, not of the fit.
        mean (np.ndarray): (1404,) mean mesh x, y, z in the eye frame.
        components (np.ndarray): (C, 1404) principal components.
        weights (np.ndarray): (C, 136) effect on the 68 points.
        offset (np.ndarray): (136,) mean displacement.
    """

    mirror: np.ndarray
    mean: np.ndarray
    components: np.ndarray
    weights: np.ndarray
    offset: np.ndarray

    @classmethod
    def load(cls, path: str | os.PathLike = _DEFAULT_FILE) -> 'MeshMapping':
        """Read coefficients.

        Args:
            path (str | os.PathLike): Defaults to the ones shipped.

        Returns:
            MeshMapping: The mapping.
        """
        with np.load(path, allow_pickle=False) as data:
            return cls(**{item.name: data[item.name] for item in fields(cls)})

    def to_bytes(self) -> bytes:
        """The ``.npz`` file that :meth:`load` reads."""
        buffer = io.BytesIO()
        np.savez_compressed(
            buffer,
            **{item.name: getattr(self, item.name) for item in fields(self)},
        )
        return buffer.getvalue()

    @classmethod
    def fit(
        cls,
        meshes: np.ndarray,
        points: np.ndarray,
        mirror: np.ndarray,
        num_components: int,
        ridge: float,
    ) -> 'MeshMapping':
        """Least squares from meshes and annotated points.

        Every face counts twice, as it is and mirrored, so that the mapping
        treats left and right alike.

        Args:
            meshes (np.ndarray): (N, 468, 3) x, y, z in pixels.
            points (np.ndarray): (N, 68, 2) annotated x, y.
            mirror (np.ndarray): See the class.
            num_components (int): C.
            ridge (float): Penalty on the squared weights.

        Returns:
            MeshMapping: In the precision of the shipped file.
        """
        frame = EyeFrame(meshes)
        mesh, target = frame.enter(meshes), frame.enter(points)
        mesh = np.concatenate([mesh, _mirrored(mesh, mirror)])
        target = np.concatenate([target, _mirrored(target, FLIP_68)])
        residual = (target - mesh[:, NEAREST_VERTEX, :2]).reshape(
            len(mesh), -1
        )
        shape = mesh.reshape(len(mesh), -1)
        mean, offset = shape.mean(0), residual.mean(0)
        left, size, components = np.linalg.svd(
            shape - mean, full_matrices=False
        )
        left, size = left[:, :num_components], size[:num_components]
        gain = size / (size**2 + ridge)
        weights = gain[:, None] * (left.T @ (residual - offset))
        return cls(
            mirror,
            mean.astype(np.float32),
            components[:num_components].astype(np.float16),
            weights.astype(np.float32),
            offset.astype(np.float32),
        )

    def apply(self, meshes: np.ndarray) -> np.ndarray:
        """Map meshes to iBUG points.

        Args:
            meshes (np.ndarray): (N, 468, 3) x, y, z in pixels, z in the unit
                of x.

        Returns:
            np.ndarray: (N, 68, 2) float32 x, y in pixels.
        """
        frame = EyeFrame(meshes)
        mesh = frame.enter(meshes)
        shape = mesh.reshape(len(mesh), -1) - self.mean
        components = self.components.astype(np.float64)
        moved = shape @ components.T @ self.weights + self.offset
        points = mesh[:, NEAREST_VERTEX, :2] + moved.reshape(-1, 68, 2)
        return frame.leave(points).astype(np.float32)


def _mirrored(points: np.ndarray, order: np.ndarray) -> np.ndarray:
    """(N, K, 2 or 3) in the eye frame -> the mirrored face."""
    points = points[:, order].copy()
    points[..., 0] *= -1
    return points
