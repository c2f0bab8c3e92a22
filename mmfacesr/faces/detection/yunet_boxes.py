# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Boxes by YuNet, whose model is fetched on first use."""

import cv2
import numpy as np

from mmfacesr.faces.detection.boxes import Box
from mmfacesr.weights.sources import local_weights

MODEL = 'yunet_2023mar'
MIN_SCORE = 0.6  # as in the demo of opencv_zoo
SCORE = 14  # column, after the box and five points


class YuNetBoxes:
    """YuNet (Wu et al., 2023) by OpenCV; for faces of 10 to 300 pixels.

    Args:
        source (str): Path, URL or name of the index. Defaults to that of
            opencv_zoo's model.
        sha256 (str, optional): Its hash, beside that of the index. Defaults
            to None.

    Raises:
        WeightsError: If the model cannot be had or is another one.
    """

    def __init__(self, source: str = MODEL, sha256: str | None = None) -> None:
        remedy = "use boxes='mediapipe'"
        path = local_weights(source, 'the model of YuNet', remedy, sha256).path
        self._network = cv2.FaceDetectorYN.create(
            str(path), '', (0, 0), score_threshold=MIN_SCORE
        )

    def find(self, picture: np.ndarray) -> list[Box]:
        """See :class:`~mmfacesr.faces.detection.boxes.BoxDetector`."""
        self._network.setInputSize(picture.shape[1::-1])
        _, rows = self._network.detect(picture[..., ::-1].copy())  # BGR
        if rows is None:
            return []
        return [
            Box(
                float(row[SCORE]),
                float(row[0] + row[2] / 2 - 0.5),
                float(row[1] + row[3] / 2 - 0.5),
                float(max(row[2:4])),
            )
            for row in rows
        ]
