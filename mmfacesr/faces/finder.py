# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""All faces of a photograph, small ones among many included."""

from collections.abc import Iterable, Iterator

import cv2
import numpy as np

from mmfacesr.faces.detection import FaceLandmarks, MediaPipeDetector
from mmfacesr.faces.schemes import five_from_68
from mmfacesr.faces.table import LandmarkError

MIN_CONFIDENCE = 0.5
MIN_TILE = 448  # pixels; the box network itself sees 192
# Room around a box for the landmark detector; the tighter one where the views
# of the wider one show different faces.
PATCHES_PER_BOX = (2.2, 1.5)
MIN_SCORE = 0.9  # agreement of the detector's views
MAX_TILE = 16384  # pixels; MediaPipe ends the process beyond 32767
PATCH_SIZE = 768  # larger patches are reduced: the detector needs no more
SAME_BOX = 0.3  # of the longer side, between two centers
SAME_FACE = 1.0  # of the eye distance, between two centers


class FaceFinder:
    """Boxes by MediaPipe on a pyramid of tiles, then 68 points in each.

    MediaPipe's box network reduces what it sees to 192x192 pixels and so
    misses small faces; it is run on the whole photograph and on half
    overlapping tiles of a half, a quarter, ... of its longer side.

    Raises:
        ImportError: If no MediaPipe with Face Mesh is installed.
    """

    def __init__(self) -> None:
        self._points = MediaPipeDetector()
        from mediapipe.python.solutions.face_detection import FaceDetection

        self._boxes = FaceDetection(MIN_CONFIDENCE, model_selection=1)

    def find(self, image: np.ndarray) -> list[np.ndarray]:
        """Find all faces.

        Args:
            image (np.ndarray): (H, W, 3) uint8 RGB.

        Returns:
            list[np.ndarray]: (68, 2) float32 x, y of each, pixel centers at
            integers; the largest face first.
        """
        height, width = image.shape[:2]
        whole = self._points_in(image, width / 2, height / 2, width, height)
        boxes = _apart(self._find_boxes(image))
        found = [whole, *(self._points_at(image, *box) for box in boxes)]
        faces = [face for face in found if face is not None]
        faces.sort(key=lambda face: face.score, reverse=True)
        points = _without_doubles([face.points for face in faces])
        return sorted(points, key=_eye_distance, reverse=True)

    def _points_at(
        self, image: np.ndarray, x: float, y: float, side: float
    ) -> FaceLandmarks | None:
        """Points of the face in a box given by its center and side."""
        for factor in PATCHES_PER_BOX:
            size = factor * side
            face = self._points_in(image, x, y, size, size)
            if face is not None:
                return face
        return None

    def _points_in(
        self,
        image: np.ndarray,
        x: float,
        y: float,
        width: float,
        height: float,
    ) -> FaceLandmarks | None:
        """Points of a patch's largest face; None if there is no sure one."""
        left, top = max(0, round(x - width / 2)), max(0, round(y - height / 2))
        patch = image[top : round(y + height / 2), left : round(x + width / 2)]
        scale = min(1.0, PATCH_SIZE / max(1, *patch.shape[:2]))
        patch = _reduced(patch, scale)
        if patch.size == 0:  # a box outside of the image, or a strip
            return None
        try:
            face = self._points.find('', np.ascontiguousarray(patch))
        except LandmarkError:
            return None
        if face.score < MIN_SCORE:
            return None
        points = (face.points + 0.5) / scale - 0.5 + (left, top)
        return FaceLandmarks.from_points(points, face.score)

    def _find_boxes(
        self, image: np.ndarray
    ) -> list[tuple[float, float, float]]:
        """Give center x, y and side of all boxes, the surest first."""
        boxes = []
        for x, y, side in _tiles(*image.shape[:2]):
            tile = image[y : y + side, x : x + side]
            height, width = tile.shape[:2]
            tile = _reduced(tile, min(1.0, MAX_TILE / max(height, width)))
            if tile.size == 0:
                continue
            tile = np.ascontiguousarray(tile)
            for found in self._boxes.process(tile).detections or []:
                box = found.location_data.relative_bounding_box
                boxes.append(
                    (
                        found.score[0],
                        x + (box.xmin + box.width / 2) * width,
                        y + (box.ymin + box.height / 2) * height,
                        max(box.width * width, box.height * height),
                    )
                )
        return [box for _, *box in sorted(boxes, reverse=True)]


def _reduced(image: np.ndarray, scale: float) -> np.ndarray:
    """Reduce an image; nothing is left of a strip too thin for a face."""
    if scale >= 1:
        return image
    if scale * min(image.shape[:2]) < 1:
        return image[:0]
    return cv2.resize(
        image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA
    )


def _tiles(height: int, width: int) -> Iterator[tuple[int, int, int]]:
    """Give x, y and side of squares that cover an image ever finer."""
    side = max(height, width)
    yield 0, 0, side
    while side // 2 >= MIN_TILE:
        side //= 2
        for y in range(0, max(1, height - side // 2), side // 2):
            for x in range(0, max(1, width - side // 2), side // 2):
                yield x, y, side


def _apart(
    boxes: Iterable[tuple[float, float, float]],
) -> list[tuple[float, float, float]]:
    """Drop boxes (center, side) that nearly coincide with one before."""
    kept: list[tuple[float, float, float]] = []
    for x, y, side in boxes:
        if all(
            np.hypot(x - u, y - v) > SAME_BOX * max(side, other)
            for u, v, other in kept
        ):
            kept.append((x, y, side))
    return kept


def _eye_distance(points: np.ndarray) -> float:
    """Distance of the eye centers in pixels."""
    left, right = five_from_68(points)[:2]
    return float(np.linalg.norm(right - left))


def _without_doubles(faces: list[np.ndarray]) -> list[np.ndarray]:
    """Keep the first of the faces that nearly coincide."""
    kept: list[np.ndarray] = []
    for face in faces:
        if all(
            np.linalg.norm(face.mean(0) - other.mean(0))
            > SAME_FACE * _eye_distance(other)
            for other in kept
        ):
            kept.append(face)
    return kept
