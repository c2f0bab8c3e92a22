# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Drawn photos, from the search for faces to what comes of each."""

import os
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path

import cv2
import no_network
import numpy as np
import pytest
from PIL import Image

from mmfacesr.apis import FaceSRInferencer
from mmfacesr.apis.config import load_config
from mmfacesr.apis.face_network import ImageNetwork
from mmfacesr.datasets.synthetic_faces import render_face
from mmfacesr.faces.framing import frame_matrix, frame_side

from .conftest import MODEL, brighten, face_of_side

FACES = [(5, 20), (7, 60), (9, 300)]  # seeds, and sides of their squares
LEFT = [30, 120, 250]  # columns where their pictures begin
TOP = 40
DRAWN = 384  # pixels of a picture, before it is reduced


def drawn_face(seed: int, side: float) -> tuple[np.ndarray, np.ndarray]:
    """A picture of a face whose framed square has that side, and points."""
    large, points = render_face(seed, DRAWN, 'aligned')
    size = round(DRAWN * side / side_of(points))
    face = cv2.resize(large, (size, size), interpolation=cv2.INTER_AREA)
    return face, (points + 0.5) * size / DRAWN - 0.5


def side_of(points: np.ndarray) -> float:
    """Side of the square that is framed around 68 points."""
    return frame_side(frame_matrix(points, 'face', 128), 128)


@pytest.fixture(scope='module')
def photo() -> tuple[np.ndarray, list[np.ndarray]]:
    """Faces of 20, 60 and 300 pixels, and where their points are."""
    picture = np.full((700, 900, 3), 120, np.uint8)
    truth = []
    for (seed, side), left in zip(FACES, LEFT):
        face, points = drawn_face(seed, side)
        picture[TOP : TOP + len(face), left : left + len(face)] = face
        truth.append(points + (left, TOP))
    return picture, truth


@pytest.fixture(scope='module')
def restorer() -> FaceSRInferencer:
    """Of an x8 method, with the finder that everybody has."""
    pytest.importorskip('mediapipe.python.solutions')
    return FaceSRInferencer(MODEL, network=brighten, show_progress=False)


def test_the_small_face_of_three_is_restored(
    restorer: FaceSRInferencer, photo: tuple
) -> None:
    picture, truth = photo
    (result,) = restorer(picture)
    assert len(result.faces) == 3
    for face, points, (_, side) in zip(result.faces[::-1], truth, FACES):
        middle = face.landmarks.mean(0) - points.mean(0)
        assert np.hypot(*middle) < 0.1 * side
        assert face.size == pytest.approx(side, rel=0.15)
    large, middle, small = result.faces
    why = 'its square is larger than 32 pixels: a network that sees 16 of'
    assert large.reason.startswith(why) and middle.reason.startswith(why)
    assert large.sr is middle.sr is None
    assert small.restored and small.sr.shape == (128, 128, 3)
    # Only the picture of the small face has changed.
    change = (result.image != picture).any(-1)
    (rows, columns) = np.nonzero(change)
    assert len(rows) > 50
    assert rows.min() > TOP - 10 and rows.max() < TOP + 40
    assert LEFT[0] - 10 < columns.min() and columns.max() < LEFT[0] + 40


def test_limits_choose_others_of_the_three(
    restorer: FaceSRInferencer, photo: tuple
) -> None:
    (result,) = restorer(photo[0], min_face=40, max_face=100)
    large, middle, small = result.faces
    assert 'larger than 100 pixels' in large.reason
    assert middle.restored
    assert 'smaller than 40 pixels: too little' in small.reason


def test_a_photo_is_restored_without_a_network(
    photo: tuple,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    pytest.importorskip('mediapipe.python.solutions')
    attempts = no_network.block(monkeypatch.setattr)
    with pytest.raises(OSError, match='no network'):
        urllib.request.urlopen('http://127.0.0.1/photo.jpg')
    assert attempts
    attempts.clear()
    Image.fromarray(photo[0]).save(tmp_path / 'photo.png')
    offline = FaceSRInferencer(MODEL, network=brighten, show_progress=False)
    (result,) = offline(tmp_path / 'photo.png')
    assert [face.restored for face in result.faces] == [False, False, True]
    result.save(tmp_path / 'restored.png')
    assert attempts == []


OFFLINE = """
import no_network
attempts = no_network.block()
import sys
from torch.nn.functional import interpolate
from mmfacesr.apis import FaceSRInferencer

def enlarge(lr):
    return interpolate(lr, scale_factor=8)

restore = FaceSRInferencer(sys.argv[1], network=enlarge, show_progress=False)
(result,) = restore(sys.argv[2])
result.save(sys.argv[3])
assert any(face.restored for face in result.faces)
assert attempts == [], attempts
"""


@pytest.mark.slow
def test_a_process_that_never_had_a_network(
    photo: tuple, repo: Path, tmp_path: Path
) -> None:
    """Nothing is fetched at import either."""
    pytest.importorskip('mediapipe.python.solutions')
    given, made = tmp_path / 'photo.png', tmp_path / 'restored.png'
    Image.fromarray(photo[0]).save(given)
    paths = [str(repo), str(repo / 'tests/helpers')]
    done = subprocess.run(
        [sys.executable, '-c', OFFLINE, MODEL, given, made],
        env={**os.environ, 'PYTHONPATH': os.pathsep.join(paths)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert (np.array(Image.open(made)) != photo[0]).any()


def test_24_faces_of_a_photo_are_restored_as_each_alone(
    make_restorer: Callable, fill: object
) -> None:
    """By a real network, its parameters filled from their names."""
    picture = np.random.default_rng(0).integers(
        0, 256, (240, 360, 3), np.uint8
    )
    faces = [
        face_of_side(18, x, y)
        for x in range(30, 330, 50)
        for y in range(30, 230, 55)
    ]
    together, alone = (
        real_restorer(make_restorer, faces, fill)(picture, batch_size=size)[0]
        for size in (24, 1)
    )
    assert len(together.faces) == 24
    assert all(face.restored for face in together.faces)
    assert difference(together.image, alone.image) <= 1
    for one, other in zip(together.faces, alone.faces):
        assert difference(one.sr, other.sr) <= 1  # of 255
    first, second = together.faces[:2]
    assert first.sr.std() > 10 and difference(first.sr, second.sr) > 20


def real_restorer(
    make_restorer: Callable, faces: list, fill: object
) -> FaceSRInferencer:
    """The model's own network, and faces that are known."""
    cfg = load_config(MODEL)
    cfg.model.generator.update(num_blocks=1, num_steps=1)
    restorer = make_restorer(*faces, model=cfg)
    state = restorer.model.state_dict()
    shapes = {key: value.shape for key, value in state.items()}
    for key, value in fill.fill_state_dict(shapes).items():
        state[key].copy_(state[key].new_tensor(value))
    restorer.faces.network = ImageNetwork(restorer.model)
    return restorer


def difference(image: np.ndarray, other: np.ndarray) -> int:
    """Largest difference of two pictures of 8 bit, in levels."""
    return int(np.abs(image.astype(int) - other).max())
