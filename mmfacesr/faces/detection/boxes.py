# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Boxes of upright faces in a small picture: what a box detector offers."""

from typing import NamedTuple, Protocol

import numpy as np

MIN_CONFIDENCE = 0.5  # of MediaPipe's box network


class Box(NamedTuple):
    """Where a face may be.

    Attributes:
        score (float): In [0, 1], larger is surer.
        x (float): Center in pixels, pixel centers at integers.
        y (float): As x.
        side (float): Longer side in pixels.
        turn (int): Quarter turns counterclockwise (as in ``np.rot90``) that
            the picture needs for the face to be upright. Defaults to 0.
    """

    score: float
    x: float
    y: float
    side: float
    turn: int = 0


class BoxDetector(Protocol):
    """A network that finds upright faces from about 20 pixels on."""

    def find(self, picture: np.ndarray) -> list[Box]:
        """Find the faces of a small picture.

        Args:
            picture (np.ndarray): (H, W, 3) uint8 RGB, contiguous.

        Returns:
            list[Box]: In any order, of turn 0.
        """


class MediaPipeBoxes:
    """MediaPipe's full-range box network; it sees 192x192 pixels.

    Raises:
        ImportError: If no MediaPipe with its old solutions is installed.
    """

    def __init__(self) -> None:
        from mediapipe.python.solutions.face_detection import FaceDetection

        self._network = FaceDetection(MIN_CONFIDENCE, model_selection=1)

    def find(self, picture: np.ndarray) -> list[Box]:
        """See :class:`BoxDetector`."""
        height, width = picture.shape[:2]
        boxes = []
        for found in self._network.process(picture).detections or []:
            box = found.location_data.relative_bounding_box
            # (0, 0) is the outer corner of the first pixel.
            x = (box.xmin + box.width / 2) * width - 0.5
            y = (box.ymin + box.height / 2) * height - 0.5
            side = max(box.width * width, box.height * height)
            boxes.append(Box(found.score[0], x, y, side))
        return boxes
