# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Adapter of the optional package face-alignment (>= 1.4)."""

import numpy as np

from mmfacesr.faces.detection.source import FaceLandmarks
from mmfacesr.faces.table import LandmarkError


class FaceAlignmentDetector:
    """68 points by the package ``face-alignment``.

    It fetches its weights by URL on first use.

    Args:
        device (str): 'cpu' or 'cuda'. Defaults to 'cpu'.

    Raises:
        ImportError: If face-alignment >= 1.4 is not installed.
    """

    scheme = 'ibug68'

    def __init__(self, device: str = 'cpu') -> None:
        try:
            import face_alignment
        except ImportError as error:
            raise ImportError(
                'Expected the package face-alignment >= 1.4 for the backend '
                'face-alignment; install it by `pip install '
                '"face-alignment>=1.4"` or use the backend mediapipe.'
            ) from error
        kinds = face_alignment.LandmarksType
        if not hasattr(kinds, 'TWO_D'):
            raise ImportError(
                'Expected face-alignment >= 1.4, got an older one (without '
                'LandmarksType.TWO_D); upgrade it.'
            )
        self._model = face_alignment.FaceAlignment(
            kinds.TWO_D, device=device, flip_input=False
        )

    def find(self, file: str, image: np.ndarray) -> FaceLandmarks:
        """See :class:`LandmarkSource`."""
        faces, scores, _ = self._model.get_landmarks_from_image(
            image, return_landmark_score=True
        ) or (None, None, None)
        if not faces:
            raise LandmarkError(file, 'no face found by face-alignment')
        areas = [np.prod(np.ptp(face, axis=0)) for face in faces]
        largest = int(np.argmax(areas))
        points = np.asarray(faces[largest], np.float32)[:, :2]
        score = float(np.clip(np.mean(scores[largest]), 0, 1))
        return FaceLandmarks.from_points(points, score)
