# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""All faces of a photograph, small ones among many and lying ones included."""

from typing import Literal, NamedTuple

import cv2
import numpy as np

from mmfacesr.faces.detection import MediaPipeDetector
from mmfacesr.faces.detection.boxes import Box, BoxDetector, MediaPipeBoxes
from mmfacesr.faces.detection.pyramid import cut_square, find_boxes
from mmfacesr.faces.framing import map_points
from mmfacesr.faces.table import LandmarkError

# Room around a box for the landmark detector; the tighter one where the views
# of the wider one show different faces.
PATCHES_PER_BOX = (2.2, 1.5)
MIN_SCORE = 0.9  # agreement of the detector's views
PATCH_SIZE = 768  # larger patches are reduced: the detector needs no more
# A face is about as large as its box, and around the same center; else it is
# a neighbor.
MAX_OFF_CENTER = 0.5  # of the box's side
MAX_RATIO = 2.0  # of the sides
SAME_FACE = 0.45  # of the larger one's side, between two centers
# The same where the turns differ: a face seen upside down has its eyes in the
# forehead.
SAME_TURNED = 0.75


class FaceFinder:
    """Boxes on a pyramid of squares, then 68 points in each box.

    Box networks see a small picture and miss small faces; so they also see
    overlapping squares of a half, a quarter, ... of the photograph's longer
    side. They find upright faces only; so they see the coarse levels in four
    turns. See :func:`~mmfacesr.faces.detection.pyramid.find_boxes`.

    Args:
        boxes (str): Network of the boxes, 'mediapipe' or 'yunet'; the model
            of the latter is downloaded on first use.
            Defaults to 'mediapipe'.

    Raises:
        ImportError: If no MediaPipe with Face Mesh is installed.
        ValueError: If boxes is neither.
        WeightsError: If the model of YuNet cannot be had.
    """

    def __init__(
        self, boxes: Literal['mediapipe', 'yunet'] = 'mediapipe'
    ) -> None:
        if boxes not in ('mediapipe', 'yunet'):
            raise ValueError(
                f"Expected boxes 'mediapipe' or 'yunet', got {boxes!r}."
            )
        self._points = MediaPipeDetector()
        self._boxes = _box_detector(boxes)

    def find(self, image: np.ndarray) -> list[np.ndarray]:
        """Find all faces.

        Args:
            image (np.ndarray): (H, W, 3) uint8 RGB, turned in any way.

        Returns:
            list[np.ndarray]: (68, 2) float32 x, y of each, pixel centers at
            integers; the largest face first. The order of the points is that
            of the upright face: 36 to 41 are the subject's right eye.

        Raises:
            ValueError: If the image is of another shape or type.
        """
        _check(image)
        faces: list[_Face] = []
        for box in find_boxes(image, self._boxes):
            if any(face.covers(box) for face in faces):
                continue
            points = self._points_at(image, box)
            if points is None:
                continue
            new = _Face(points, box.turn)
            if not any(face.covers(new.box) for face in faces):
                faces.append(new)
        faces.sort(key=lambda face: face.box.side, reverse=True)
        return [face.points for face in faces]

    def find_again(
        self, image: np.ndarray, points: np.ndarray
    ) -> np.ndarray | None:
        """Find a face near where it was, as in the next frame of a video.

        Args:
            image (np.ndarray): (H, W, 3) uint8 RGB.
            points (np.ndarray): (68, 2) where it was, or should be.

        Returns:
            np.ndarray | None: (68, 2) float32 as of :meth:`find`; None if no
            face is there.
        """
        low, high = points.min(0), points.max(0)
        box = Box(1.0, *(low + high) / 2, float((high - low).max()))
        side = round(PATCHES_PER_BOX[0] * box.side)
        left, top = round(box.x - side / 2), round(box.y - side / 2)
        patch, matrix = cut_square(image, (left, top, side), 0, PATCH_SIZE)
        place = map_points(cv2.invertAffineTransform(matrix), points)
        face = self._points.find_again(patch, place)
        if face is None or face.score < MIN_SCORE:
            return None
        found = map_points(matrix, face.points).astype(np.float32)
        return found if _fits(found, box) else None

    def _points_at(self, image: np.ndarray, box: Box) -> np.ndarray | None:
        """Points of the face in a box; None if there is no sure one."""
        for factor in PATCHES_PER_BOX:
            side = max(1, round(factor * box.side))
            left, top = round(box.x - side / 2), round(box.y - side / 2)
            patch, matrix = cut_square(
                image, (left, top, side), box.turn, PATCH_SIZE
            )
            try:
                face = self._points.find('', patch)
            except LandmarkError:
                continue
            points = map_points(matrix, face.points).astype(np.float32)
            if face.score >= MIN_SCORE and _fits(points, box):
                return points
        return None


class _Face(NamedTuple):
    """A found face, (68, 2), and the turn in which it was found."""

    points: np.ndarray
    turn: int

    @property
    def box(self) -> Box:
        """The box around the points."""
        low, high = self.points.min(0), self.points.max(0)
        side = float((high - low).max())
        return Box(1.0, *(low + high) / 2, side, self.turn)

    def covers(self, other: Box) -> bool:
        """Whether what is in another box is a view of this face."""
        own = self.box
        same = SAME_FACE if other.turn == own.turn else SAME_TURNED
        distance = np.hypot(other.x - own.x, other.y - own.y)
        return bool(distance < same * max(other.side, own.side))


def _box_detector(name: str) -> BoxDetector:
    """Build the detector of this name."""
    if name == 'mediapipe':
        return MediaPipeBoxes()
    # Only who asks for YuNet needs OpenCV's networks and its model.
    from mmfacesr.faces.detection.yunet_boxes import YuNetBoxes

    return YuNetBoxes()


def _check(image: np.ndarray) -> None:
    """Refuse what is no RGB image."""
    shape = image.shape
    if len(shape) != 3 or shape[2] != 3 or image.dtype != np.uint8:
        raise ValueError(
            'Expected an RGB image, (H, W, 3) uint8, got '
            f'{shape} {image.dtype}; convert it first.'
        )
    if not image.size:
        raise ValueError(f'Expected an image with pixels, got {shape}.')


def _fits(points: np.ndarray, box: Box) -> bool:
    """Whether a face is that of a box, and no neighbor."""
    found = _Face(points, box.turn).box
    distance = np.hypot(found.x - box.x, found.y - box.y)
    ratio = found.side / box.side
    return bool(
        distance < MAX_OFF_CENTER * box.side
        and 1 / MAX_RATIO < ratio < MAX_RATIO
    )
