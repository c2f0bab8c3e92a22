# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What every detector and every reader of annotation offers."""

from typing import NamedTuple, Protocol

import numpy as np


class FaceLandmarks(NamedTuple):
    """Landmarks of the one face that an image is about.

    Attributes:
        points (np.ndarray): (K, 2) float32 x, y in pixels, pixel centers at
            integers.
        box (np.ndarray): (4,) float32 x0, y0, x1, y1 around the points.
        score (float): In [0, 1], larger is surer; 1 for annotation.
    """

    points: np.ndarray
    box: np.ndarray
    score: float

    @classmethod
    def from_points(
        cls, points: np.ndarray, score: float = 1.0
    ) -> 'FaceLandmarks':
        """Take the smallest box around the points.

        Args:
            points (np.ndarray): (K, 2) x, y.
            score (float): See the class.

        Returns:
            FaceLandmarks: With float32 arrays.
        """
        points = np.asarray(points, np.float32)
        box = np.concatenate([points.min(0), points.max(0)])
        return cls(points, box, float(score))


class LandmarkSource(Protocol):
    """A detector or an annotation.

    Attributes:
        scheme (str): 'ibug68' or 'celeba5'.
    """

    scheme: str

    def find(self, file: str, image: np.ndarray) -> FaceLandmarks:
        """Landmarks of one image.

        Args:
            file (str): Name relative to the data root; readers look it up.
            image (np.ndarray): (H, W, 3) uint8 RGB; detectors look at it.

        Returns:
            FaceLandmarks: Of its most prominent face.

        Raises:
            LandmarkError: If there are none; names the file.
        """
