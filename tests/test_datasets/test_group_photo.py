# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Drawn group photos: same everywhere, and faces as the points say."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from mmfacesr.datasets.synthetic_faces import (
    group,
    render_face,
    render_group,
)

EYES_PER_FACE = 35.4 / 128
# Corners of a face's square, eye distances from the middle of the eyes.
SQUARE = np.array((-1.8, -1.3, 1.8, 2.3))
DIGEST = (
    'import hashlib\n'
    'from mmfacesr.datasets.synthetic_faces import render_group\n'
    'photo, points = render_group(3, 200, 140, 3, (12, 30))\n'
    'print(hashlib.sha256(photo.tobytes() + points.tobytes())'
    '.hexdigest())'
)


@pytest.fixture(scope='module')
def photos() -> dict[int, tuple[np.ndarray, np.ndarray]]:
    """Three photos of five persons, as the defaults draw them."""
    return {seed: render_group(seed) for seed in (0, 1, 7)}


def eyes_of(points: np.ndarray) -> np.ndarray:
    """Eye centers (..., 2, 2) of points (..., 68, 2)."""
    return np.stack(
        [points[..., 36:42, :].mean(-2), points[..., 42:48, :].mean(-2)], -2
    )


def face_sizes(points: np.ndarray) -> np.ndarray:
    """Sides of the squares of faces (n, 68, 2), in pixels."""
    left, right = np.moveaxis(eyes_of(points), -2, 0)
    return np.linalg.norm(right - left, axis=-1) / EYES_PER_FACE


def squares(points: np.ndarray) -> np.ndarray:
    """Left, top, right, bottom of the squares of faces, (n, 4)."""
    middle = eyes_of(points).mean(-2)
    unit = face_sizes(points)[:, None] * EYES_PER_FACE
    return np.tile(middle, 2) + SQUARE * unit


def test_same_pixels_in_another_process(repo: Path) -> None:
    photo, points = render_group(3, 200, 140, 3, (12, 30))
    assert photo.shape == (140, 200, 3) and photo.dtype == np.uint8
    assert points.shape == (3, 68, 2) and points.dtype == np.float32
    here = hashlib.sha256(photo.tobytes() + points.tobytes()).hexdigest()
    path = os.pathsep.join([str(repo), os.environ.get('PYTHONPATH', '')])
    there = subprocess.run(
        [sys.executable, '-c', DIGEST],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, 'PYTHONPATH': path},
    )
    assert there.stdout.strip() == here
    other, _ = render_group(4, 200, 140, 3, (12, 30))
    assert np.abs(other.astype(int) - photo).mean() > 5


def test_sizes_are_as_asked(photos: dict) -> None:
    for _, points in photos.values():
        sizes = face_sizes(points)
        assert (np.diff(sizes) <= 0).all()
        np.testing.assert_allclose(sizes[[0, -1]], (64, 16), rtol=0.05)
    _, points = render_group(0, 96, 96, 1, (16, 24))
    np.testing.assert_allclose(face_sizes(points), [24], rtol=0.05)


def test_no_face_covers_another_or_leaves_the_photo(photos: dict) -> None:
    for photo, points in photos.values():
        assert points.min() >= 0
        assert (points <= np.array(photo.shape[1::-1]) - 1).all()
        boxes = squares(points)
        for index, box in enumerate(boxes):
            others = np.delete(boxes, index, 0)
            apart = (box[:2] >= others[:, 2:]) | (box[2:] <= others[:, :2])
            assert apart.any(1).all()


def test_further_away_is_higher_up(photos: dict) -> None:
    for _, points in photos.values():
        sizes, rows = face_sizes(points), eyes_of(points)[..., 1].mean(-1)
        assert np.corrcoef(sizes, rows)[0, 1] > 0.8


def test_faces_are_those_of_the_portraits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Pixels within brows and mouth, when each keeps the portrait's light."""
    monkeypatch.setattr(group, 'SHARED', ())
    photo, points = render_group(4, 400, 266, 4, (16, 48))
    for person, face in zip(group.group_seeds(4, 4), points):
        portrait, there = reduced_portrait(person, face_sizes(face[None])[0])
        expected = inner_face(portrait, there)
        likeness = np.corrcoef(inner_face(photo, face), expected)[0, 1]
        shifted = inner_face(photo, face + 0.15 * np.ptp(face, axis=0))
        assert likeness > 0.9
        assert np.corrcoef(shifted, expected)[0, 1] < likeness - 0.3


def reduced_portrait(person: int, size: float) -> tuple:
    """A portrait whose face has that size, and its points."""
    portrait, points = render_face(person, 256, 'portrait')
    side = round(256 * size / face_sizes(points[None])[0])
    area = cv2.INTER_AREA
    points = (points + 0.5) * (side / 256) - 0.5
    return cv2.resize(portrait, (side, side), interpolation=area), points


def inner_face(photo: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Gray values at places between brows, eyes, nose and mouth."""
    inner = points[17:60]
    weights = np.random.default_rng(0).dirichlet(np.full(43, 0.2), 400)
    places = (weights @ inner).astype(np.float32)
    values = cv2.remap(photo, places[:, None], None, cv2.INTER_LINEAR)
    return values[:, 0].astype(float).mean(-1)


def test_a_crowd_fits() -> None:
    photo, points = render_group(2, 480, 320, 12, (16, 48))
    assert photo.shape == (320, 480, 3) and len(points) == 12


def test_the_finder_finds_the_larger_faces(photos: dict) -> None:
    """The photo is enlarged: the finder's network sees 192 pixels a tile."""
    pytest.importorskip('mediapipe.python.solutions')
    from mmfacesr.faces.finder import FaceFinder

    finder = FaceFinder()
    for photo, points in photos.values():
        large = cv2.resize(photo, None, fx=2, fy=2)
        found = (np.array(finder.find(large)) + 0.5) / 2 - 0.5
        sizes = face_sizes(points)
        for face, size in zip(points[sizes >= 40], sizes):
            away = eyes_of(found).mean(-2) - eyes_of(face).mean(0)
            assert np.linalg.norm(away, axis=-1).min() < 0.1 * size


@pytest.mark.parametrize(
    'arguments, message',
    [
        (dict(seed=-1), 'seed of at least 0'),
        (dict(seed=0, num_faces=0), 'at least 1 face'),
        (dict(seed=0, width=32), 'got 32x426'),
        (dict(seed=0, face_sizes=(64, 16)), r'got \(64, 16\)'),
        (dict(seed=0, face_sizes=(4, 16)), 'from 8 to 384'),
        (dict(seed=0, face_sizes=(16, 380)), 'ask for fewer or smaller'),
        (dict(seed=0, width=128, height=96, num_faces=30), 'got 30 of 16'),
    ],
)
def test_what_does_not_fit_is_named(arguments: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        render_group(**arguments)
