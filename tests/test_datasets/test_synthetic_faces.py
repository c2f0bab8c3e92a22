# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The synthetic faces: same everywhere, varied, and faces to others too."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from mmfacesr.datasets.synthetic_faces import (
    face_points,
    face_seeds,
    render_face,
    write_faces,
)
from mmfacesr.faces.table import LandmarkTable

# Plain index mapping from the 468 MediaPipe points to the 68 iBUG points.
FACE_MESH_68 = (
    127,
    234,
    93,
    132,
    58,
    136,
    150,
    176,
    152,
    400,
    379,
    365,
    288,
    361,
    323,
    454,
    356,
    70,
    63,
    105,
    66,
    107,
    336,
    296,
    334,
    293,
    300,
    168,
    197,
    5,
    4,
    75,
    97,
    2,
    326,
    305,
    33,
    160,
    158,
    133,
    153,
    144,
    362,
    385,
    387,
    263,
    373,
    380,
    61,
    39,
    37,
    0,
    267,
    269,
    291,
    405,
    314,
    17,
    84,
    181,
    78,
    82,
    13,
    312,
    308,
    317,
    14,
    87,
)
# Two pictures are near-duplicates if their 32x32 gray thumbnails differ by
# less than this RMSE (of 255) or their 63-bit DCT hashes by fewer bits (the
# closest of 200 differ by 15.8 and by 10 bits).
DUPLICATE_RMSE, DUPLICATE_BITS = 12.0, 8
DIGEST = (
    'import hashlib\n'
    'from mmfacesr.datasets.synthetic_faces import render_face\n'
    'face, points = render_face(11, 64)\n'
    'print(hashlib.sha256(face.tobytes() + points.tobytes())'
    '.hexdigest())'
)


def thumbnail(face: np.ndarray) -> np.ndarray:
    """32x32 gray float32 version."""
    gray = cv2.cvtColor(face, cv2.COLOR_RGB2GRAY)
    return cv2.resize(gray, (32, 32), interpolation=cv2.INTER_AREA).astype(
        np.float32
    )


def perceptual_hash(thumb: np.ndarray) -> np.ndarray:
    """63 bits: low DCT coefficients above their median."""
    low = cv2.dct(thumb)[:8, :8].ravel()[1:]
    return low > np.median(low)


def near_duplicates(faces: list[np.ndarray]) -> list[tuple[int, int]]:
    """Pairs that are alike in one of the measures."""
    thumbs = [thumbnail(face) for face in faces]
    bits = np.array([perceptual_hash(t) for t in thumbs])
    flat = np.array(thumbs).reshape(len(faces), -1)
    pairs = []
    for i in range(len(faces) - 1):
        rmse = np.sqrt(((flat[i + 1 :] - flat[i]) ** 2).mean(1))
        apart = (bits[i + 1 :] != bits[i]).sum(1)
        alike = (rmse < DUPLICATE_RMSE) | (apart < DUPLICATE_BITS)
        pairs += [(i, i + 1 + int(j)) for j in np.flatnonzero(alike)]
    return pairs


def face_mesh_errors(seeds: list[int], size: int) -> list[float | None]:
    """NME per face of MediaPipe's points; None where it finds no face."""
    mediapipe = pytest.importorskip('mediapipe')
    errors = []
    with mediapipe.solutions.face_mesh.FaceMesh(
        static_image_mode=True, refine_landmarks=False, max_num_faces=1
    ) as mesh:
        for seed in seeds:
            face, points = render_face(seed, size)
            found = mesh.process(face).multi_face_landmarks
            if not found:
                errors.append(None)
                continue
            marks = found[0].landmark
            mapped = (
                np.array([(marks[i].x, marks[i].y) for i in FACE_MESH_68])
                * size
                - 0.5
            )
            between = np.linalg.norm(points[36] - points[45])
            gaps = np.linalg.norm(mapped - points, axis=1)
            errors.append(float(gaps.mean() / between))
    return errors


def test_same_pixels_in_another_process(repo: Path) -> None:
    face, points = render_face(11, 64)
    here = hashlib.sha256(face.tobytes() + points.tobytes()).hexdigest()
    path = os.pathsep.join([str(repo), os.environ.get('PYTHONPATH', '')])
    there = subprocess.run(
        [sys.executable, '-c', DIGEST],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, 'PYTHONPATH': path},
    )
    assert there.stdout.strip() == here


@pytest.mark.parametrize('framing', ['aligned', 'portrait'])
def test_same_face_at_two_sizes(framing: str) -> None:
    large, large_points = render_face(4, 256, framing)
    small, small_points = render_face(4, 128, framing)
    other, _ = render_face(5, 128, framing)
    reduced = cv2.resize(large, (128, 128), interpolation=cv2.INTER_AREA)
    gap = np.abs(reduced.astype(int) - small).mean()
    assert gap < 5
    assert gap < 0.25 * np.abs(other.astype(int) - small).mean()
    np.testing.assert_allclose(
        small_points, (large_points + 0.5) / 2 - 0.5, atol=1e-3
    )
    np.testing.assert_allclose(face_points(4, 128, framing), small_points)


def test_points_lie_as_framed() -> None:
    for seed in range(60):
        points = face_points(seed, 160)
        left, right = points[36:42].mean(0), points[42:48].mean(0)
        assert points.min() >= 0 and points.max() <= 159, seed
        assert 31 < np.hypot(*(right - left)) < 40, seed  # 35.4 on average
        np.testing.assert_allclose((left + right) / 2, (80.2, 62.4), atol=6)
        assert left[0] < right[0]
        assert points[0, 0] < points[8, 0] < points[16, 0]
        assert points[19, 1] < points[37, 1] < points[41, 1]
        assert points[37, 1] < points[33, 1] < points[51, 1] < points[57, 1]
        assert points[57, 1] < points[8, 1]
        assert points[48, 0] < points[51, 0] < points[54, 0]


def test_points_lie_on_what_is_drawn() -> None:
    # The pupil is darker than the cheek below it, in nearly every face.
    darker = 0
    for seed in range(12):
        face, points = render_face(seed, 128)
        gray = cv2.GaussianBlur(
            cv2.cvtColor(face, cv2.COLOR_RGB2GRAY), (0, 0), 1
        )
        eye = points[36:42].mean(0)
        low, high = points[36:42].min(0), points[36:42].max(0)
        area = gray[
            int(low[1]) : int(high[1]) + 2, int(low[0]) : int(high[0]) + 2
        ]
        below = (eye * 0.45 + points[48] * 0.55).round().astype(int)
        darker += int(area.min()) < int(gray[below[1], below[0]]) - 8
    assert darker >= 11


@pytest.mark.slow
def test_no_near_duplicates_among_200() -> None:
    faces = [render_face(seed, 64)[0] for seed in range(200)]
    assert near_duplicates(faces) == []
    # The measure does find a copy with changed brightness and noise.
    copy = np.clip(faces[7] * 0.97 + 3, 0, 255).astype(np.uint8)
    assert near_duplicates([faces[7], copy]) == [(0, 1)]


def test_other_libraries_see_faces() -> None:
    errors = face_mesh_errors(face_seeds('test', 12), 256)
    found = [error for error in errors if error is not None]
    assert len(found) >= 11
    assert np.median(found) < 0.08


@pytest.mark.slow
@pytest.mark.parametrize('size', [160, 256, 512])
def test_other_libraries_see_200_faces(size: int) -> None:
    errors = face_mesh_errors(list(range(200)), size)
    found = [error for error in errors if error is not None]
    assert len(found) >= 180
    assert np.median(found) < 0.08


def test_data_root_is_complete_and_resumes(tmp_path: Path) -> None:
    splits = dict(train=2, val=1, test=1)
    write_faces(tmp_path, splits, 80, progress=False)
    info = json.loads((tmp_path / 'dataset.json').read_text())
    assert info['crop_size'] == 64 and info['splits'] == splits
    table = LandmarkTable.load(tmp_path / 'landmarks68.npz')
    names = (tmp_path / 'train.txt').read_text().split()
    assert len(names) == 2 and len(table) == 4
    face, points = render_face(face_seeds('train', 2)[1], 80)
    np.testing.assert_array_equal(
        cv2.imread(str(tmp_path / names[1]))[..., ::-1], face
    )
    np.testing.assert_array_equal(table.points_of(names[1]), points)
    before = (tmp_path / names[0]).stat().st_mtime_ns
    (tmp_path / names[1]).unlink()
    write_faces(tmp_path, splits, 80, progress=False)
    assert (tmp_path / names[0]).stat().st_mtime_ns == before
    assert (tmp_path / names[1]).is_file()


def test_parts_share_no_person() -> None:
    seeds = [
        set(face_seeds(split, 500, 3)) for split in ('train', 'val', 'test')
    ]
    assert len(set.union(*seeds)) == 1500
    assert not seeds[0] & set(face_seeds('train', 500, 4))


@pytest.mark.parametrize(
    'arguments, message',
    [
        ((-1, 64), 'seed of at least 0'),
        ((0, 32), 'size from 64 to 1024'),
        ((0, 64, 'side'), "got 'side'"),
    ],
)
def test_bad_arguments_are_named(arguments: tuple, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        render_face(*arguments)
