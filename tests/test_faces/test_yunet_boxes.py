# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""YuNet's boxes: the model's way here, and what becomes of its rows."""

import hashlib
import random
from pathlib import Path

import cv2
import numpy as np
import pytest

from mmfacesr.faces.detection import yunet_boxes
from mmfacesr.faces.detection.boxes import Box
from mmfacesr.faces.detection.yunet_boxes import YuNetBoxes
from mmfacesr.weights import WeightsError
from mmfacesr.weights.model_index import find_entry

CONTENT = random.Random(0).randbytes(1000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class StandInNetwork:
    """Takes pictures as cv2.FaceDetectorYN does; one face in blue ones."""

    def __init__(self, path: str) -> None:
        self.content = Path(path).read_bytes()

    def setInputSize(self, size: tuple[int, int]) -> None:  # noqa: N802
        self.size = size

    def detect(self, picture: np.ndarray) -> tuple[int, np.ndarray | None]:
        assert picture.shape[1::-1] == self.size
        if picture[0, 0, 0] != 255:  # BGR
            return 1, None
        row = [10, 20, 30, 41, *[0] * 10, 0.75]
        return 1, np.array([row], np.float32)


@pytest.fixture
def url(serve, monkeypatch, tmp_path: Path) -> str:
    """Address of a model; OpenCV takes any."""
    monkeypatch.setattr(
        cv2.FaceDetectorYN,
        'create',
        lambda path, *_, **__: StandInNetwork(path),
    )
    path = tmp_path / 'yunet.onnx'
    path.write_bytes(CONTENT)
    return serve(path)


def test_model_is_fetched_and_its_rows_are_boxes(url: str) -> None:
    detector = YuNetBoxes(url, SHA256)
    assert detector._network.content == CONTENT
    picture = np.zeros((60, 80, 3), np.uint8)
    assert detector.find(picture) == []
    picture[..., 2] = 255
    assert detector.find(picture) == [Box(0.75, 24.5, 40.0, 41.0)]


def test_another_model_is_refused(url: str) -> None:
    with pytest.raises(WeightsError, match="boxes='mediapipe'"):
        YuNetBoxes(url, '0' * 64)


def test_finder_takes_yunet(url: str, monkeypatch) -> None:
    pytest.importorskip('mediapipe.python.solutions')
    from mmfacesr.faces.finder import FaceFinder

    monkeypatch.setattr(YuNetBoxes.__init__, '__defaults__', (url, SHA256))
    finder = FaceFinder(boxes='yunet')
    assert finder.find(np.zeros((300, 400, 3), np.uint8)) == []
    blue = np.zeros((300, 400, 3), np.uint8)
    blue[..., 2] = 255
    assert finder.find(blue) == [], 'boxes without points are no faces'


def test_address_and_hash_are_whole() -> None:
    entry = find_entry(yunet_boxes.MODEL)
    assert entry.urls[0].endswith('face_detection_yunet_2023mar.onnx')
    assert len(entry.checksum.sha256) == 64
