# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""68 iBUG points by MediaPipe's Face Mesh, whose model is in its wheel."""

import os
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np

from mmfacesr.faces.detection.mesh_mapping import (
    LEFT_EYE_CORNER,
    NUM_MESH_POINTS,
    RIGHT_EYE_CORNER,
    MeshMapping,
)
from mmfacesr.faces.detection.place import (
    VIEW_SIZE,
    Place,
    center_of,
    face_size,
)
from mmfacesr.faces.detection.source import FaceLandmarks
from mmfacesr.faces.table import LandmarkError

VIEW_ANGLES = (-15, 15)  # degrees from upright
MAX_FACES = 4
MAX_OFF_CENTER = 0.3  # face sizes; farther off it is another face
# A crop that the face fills is found with a margin around it.
SEARCH_MARGINS = (0, 0.3)


class MediaPipeDetector:
    """Face Mesh in several views, averaged, mapped to the 68 iBUG points.

    The face that the image is about (large, near the middle) is found first.
    It is then cut out, turned upright, and measured again in four views (two
    rotations, each also mirrored) of a fixed size; the mean mesh is mapped
    by :class:`MeshMapping`. A view costs about 5 ms.

    The score is 1 - (standard deviation between the views, mean over
    vertices) / (distance of the outer eye corners), at least 0; and 0 if only
    one view shows the face, which agrees with nothing.

    Args:
        mapping (MeshMapping, optional): Defaults to None, the one shipped.

    Raises:
        ImportError: If no MediaPipe with Face Mesh is installed.
    """

    scheme = 'ibug68'

    def __init__(self, mapping: MeshMapping | None = None) -> None:
        self.mapping = mapping or MeshMapping.load()
        self._network = _face_mesh()

    def find(self, file: str, image: np.ndarray) -> FaceLandmarks:
        """See :class:`LandmarkSource`."""
        mesh, score = self.find_mesh(file, image)
        points = self.mapping.apply(mesh[None])[0]
        return FaceLandmarks.from_points(points, score)

    def find_mesh(
        self, file: str, image: np.ndarray
    ) -> tuple[np.ndarray, float]:
        """Mean mesh of the face that the image is about.

        Args:
            file (str): Name for the error.
            image (np.ndarray): (H, W, 3) uint8 RGB.

        Returns:
            tuple: (468, 3) float64 x, y, z in pixels of the image, and the
            score of the class.

        Raises:
            LandmarkError: If no face is found.
        """
        found = self._search(image)
        if found is None:
            raise LandmarkError(file, 'no face found by MediaPipe')
        views = self._views(image, Place.of_mesh(found), VIEW_ANGLES)
        if not views:
            raise LandmarkError(
                file, 'MediaPipe found a face but lost it when looking closer'
            )
        return np.mean(views, 0), _agreement(np.array(views))

    def find_again(
        self, image: np.ndarray, points: np.ndarray
    ) -> FaceLandmarks | None:
        """Measure a face whose place is about known, in two views only.

        Args:
            image (np.ndarray): (H, W, 3) uint8 RGB.
            points (np.ndarray): (68, 2) of about where it is.

        Returns:
            FaceLandmarks | None: None if no face is there.
        """
        place = Place.of_points(np.asarray(points, np.float64))
        views = self._views(image, place, (0,))
        if not views:
            return None
        found = self.mapping.apply(np.mean(views, 0)[None])[0]
        return FaceLandmarks.from_points(found, _agreement(np.array(views)))

    def _views(
        self, image: np.ndarray, place: Place, angles: Sequence[float]
    ) -> list[np.ndarray]:
        """Meshes in pixels of the image, each angle also mirrored."""
        views = [
            self._view(image, place, angle, mirrored)
            for angle in angles
            for mirrored in (False, True)
        ]
        return [view for view in views if view is not None]

    def _search(self, image: np.ndarray) -> np.ndarray | None:
        """Mesh of the face that the image is about."""
        for margin in SEARCH_MARGINS:
            pad = round(margin * max(image.shape[:2]))
            padded = cv2.copyMakeBorder(
                image, pad, pad, pad, pad, cv2.BORDER_CONSTANT
            )
            meshes = self._meshes(padded)
            if meshes:
                return _most_prominent(meshes, padded.shape[:2]) - (
                    pad,
                    pad,
                    0,
                )
        return None

    def _view(
        self,
        image: np.ndarray,
        place: Place,
        angle: float,
        mirrored: bool,
    ) -> np.ndarray | None:
        """Mesh, in pixels of the image, measured in an upright view."""
        matrix = place.view(angle)
        if mirrored:
            matrix = np.array([[-1, 0, VIEW_SIZE - 1], [0, 1, 0]]) @ np.vstack(
                [matrix, [0, 0, 1]]
            )
        scale = np.sqrt(abs(np.linalg.det(matrix[:, :2])))
        meshes = self._meshes(_warp(image, matrix, scale))
        mesh = min(meshes, key=_off_center, default=None)
        if mesh is None or _off_center(mesh) > MAX_OFF_CENTER:
            return None
        xy = (mesh[:, :2] - matrix[:, 2]) @ np.linalg.inv(matrix[:, :2]).T
        mesh = np.concatenate([xy, mesh[:, 2:] / scale], 1)
        return mesh[self.mapping.mirror] if mirrored else mesh

    def _meshes(self, image: np.ndarray) -> list[np.ndarray]:
        """(468, 3) mesh of each face found, in pixels of the image."""
        faces = self._network.process(image).multi_face_landmarks or []
        height, width = image.shape[:2]
        # MediaPipe puts (0, 0) at the outer corner of the first pixel; z has
        # the unit of x.
        return [
            np.array(
                [
                    (p.x * width - 0.5, p.y * height - 0.5, p.z * width)
                    for p in face.landmark[:NUM_MESH_POINTS]
                ]
            )
            for face in faces
        ]


def _face_mesh() -> Any:
    """MediaPipe's Face Mesh network."""
    # Its start-up notes, unless the user asked for them.
    os.environ.setdefault('GLOG_minloglevel', '2')
    try:
        from mediapipe.python.solutions.face_mesh import FaceMesh
    except ImportError as error:
        raise ImportError(
            'Expected a MediaPipe that has Face Mesh (0.10.21) for the '
            'backend mediapipe; `make install` brings it, `pip install '
            'mediapipe==0.10.21` too (NumPy < 2). Or use an annotation.'
        ) from error
    return FaceMesh(
        static_image_mode=True,
        max_num_faces=MAX_FACES,
        refine_landmarks=False,
        min_detection_confidence=0.3,
    )


def _most_prominent(
    meshes: list[np.ndarray], size: tuple[int, int]
) -> np.ndarray:
    """The mesh of the face that an image of size (H, W) is about.

    Its size counts less toward the border, down to nothing in a corner: a
    neighbor who is cut off by a crop can be larger than the face in it.
    """
    middle = (np.array(size[::-1]) - 1) / 2

    def prominence(mesh: np.ndarray) -> float:
        distance = np.linalg.norm(center_of(mesh) - middle)
        return face_size(mesh) * (1 - distance / np.linalg.norm(middle))

    return max(meshes, key=prominence)


def _off_center(view: np.ndarray) -> float:
    """Distance of a mesh from the middle of its view, in face sizes."""
    distance = np.linalg.norm(center_of(view) - (VIEW_SIZE - 1) / 2)
    return distance / face_size(view)


def _warp(image: np.ndarray, matrix: np.ndarray, scale: float) -> np.ndarray:
    """(VIEW_SIZE, VIEW_SIZE, 3) view; black outside the image."""
    if scale < 0.5:  # average first: a warp alone would skip pixels
        height, width = image.shape[:2]
        shrink = 2 * scale
        size = (max(round(width * shrink), 1), max(round(height * shrink), 1))
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        ratio = np.array([width / size[0], height / size[1]])
        # a pixel p of the small image is (p + .5) ratio - .5 of the large one
        matrix = np.concatenate(
            [
                matrix[:, :2] * ratio,
                (matrix[:, 2] + matrix[:, :2] @ (ratio - 1) / 2)[:, None],
            ],
            1,
        )
    return cv2.warpAffine(
        image, matrix, (VIEW_SIZE, VIEW_SIZE), flags=cv2.INTER_CUBIC
    )


def _agreement(views: np.ndarray) -> float:
    """Score of (V, 468, 3) meshes; 1 if the views agree."""
    if len(views) == 1:
        return 0.0
    spread = np.sqrt(views[..., :2].var(0).sum(-1)).mean()
    mean = views.mean(0)
    eyes = mean[RIGHT_EYE_CORNER, :2] - mean[LEFT_EYE_CORNER, :2]
    return float(np.clip(1 - spread / np.linalg.norm(eyes), 0, 1))
