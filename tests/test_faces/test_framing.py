# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Framing against NumPy and on ramps, which survive resampling."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage.transform import SimilarityTransform

from mmfacesr.faces.framing import (
    CROP_SIZE,
    FACE_SIZE,
    FRAMINGS,
    MARGIN,
    TEMPLATE_5,
    TEMPLATES,
    align_face,
    crop_square,
    fit_similarity,
    frame_face,
    frame_matrix,
    frame_side,
    map_points,
    scale_of,
    square_around,
)


def face_68(five: np.ndarray) -> np.ndarray:
    """68 points whose eye centers, nose tip and mouth corners are given."""
    points = np.repeat(five[2:3], 68, 0)
    points[36:42], points[42:48] = five[0], five[1]
    points[48], points[54] = five[3], five[4]
    return points


def test_similarity_is_the_least_squares_one():
    rng = np.random.default_rng(0)
    source, target = rng.normal(size=(2, 5, 2)) * 40
    (x, y), one, zero = source.T, np.ones(5), np.zeros(5)
    # unknown a, b, c, d in (a x - b y + c, b x + a y + d)
    system = np.block(
        [[np.stack([x, -y, one, zero], 1)], [np.stack([y, x, zero, one], 1)]]
    )
    a, b, c, d = np.linalg.lstsq(system, target.T.ravel(), rcond=None)[0]
    np.testing.assert_allclose(
        fit_similarity(source, target), [[a, -b, c], [b, a, d]]
    )
    turn = SimilarityTransform(scale=0.3, rotation=0.4, translation=(5, -7))
    np.testing.assert_allclose(
        fit_similarity(source, turn(source)), turn.params[:2], atol=1e-12
    )
    with pytest.raises(ValueError, match='different finite points'):
        fit_similarity(np.ones((5, 2)), target)


def test_released_alignment_of_five_dlib_points(golden: Path):
    arrays = np.load(golden / 'sparnet/align_paste.npz')
    template = arrays['template_1024'] / 2
    matrix = fit_similarity(arrays['landmarks'], template)
    np.testing.assert_allclose(matrix, arrays['matrix'][:2], atol=1e-6)
    image = arrays['img'].astype(np.float32)
    aligned = cv2.warpAffine(image, matrix, (512, 512), flags=cv2.INTER_CUBIC)
    aligned = aligned.clip(0, 255)
    for ours, name, most in (
        (aligned[::8, ::8], 'aligned_s8', 2),
        (np.floor(aligned[::4, ::4]), 'aligned_u8_s4', 2 + 1),
    ):
        # OpenCV's weights are those of 1/32 pixel.
        error = abs(ours - arrays[name])
        assert error.mean() < 0.4 and (error < most).mean() > 0.99


def test_a_face_in_place_stays_as_it_is():
    image = np.random.default_rng(0).integers(
        0, 256, (CROP_SIZE, CROP_SIZE, 3), dtype=np.uint8
    )
    crop, matrix = align_face(image, face_68(TEMPLATE_5 + MARGIN))
    np.testing.assert_allclose(matrix, [[1, 0, 0], [0, 1, 0]], atol=1e-9)
    np.testing.assert_array_equal(crop, image)


def test_every_framing_has_a_template():
    assert set(TEMPLATES) == set(FRAMINGS)


@pytest.mark.parametrize('framing', FRAMINGS)
@pytest.mark.parametrize('enlarge', [0.5, 1, 3])
def test_a_frame_of_another_size_shows_the_same(framing, enlarge):
    template, side = TEMPLATES[framing]
    points = face_68(template * 1.7 + (20, -30))
    matrix = frame_matrix(points, framing, round(side * enlarge))
    # Borders are at -0.5 and side - 0.5 in the frame of any size.
    np.testing.assert_allclose(
        (map_points(matrix, points)[[36, 42, 30, 48, 54]] + 0.5) / enlarge,
        template + 0.5,
        atol=1e-9,
    )
    assert scale_of(matrix) == pytest.approx(enlarge / 1.7)
    size = round(side * enlarge)
    assert frame_side(matrix, size) == pytest.approx(side * 1.7)


def test_face_is_the_middle_of_the_head():
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (400, 400, 3), dtype=np.uint8)
    points = face_68(TEMPLATE_5 * 2 + 50)
    crop, matrix = align_face(image, points)
    head = frame_matrix(points, 'head', CROP_SIZE)
    np.testing.assert_array_equal(matrix, head)
    np.testing.assert_array_equal(crop, frame_face(image, head, CROP_SIZE))
    face = frame_face(
        image, frame_matrix(points, 'face', FACE_SIZE), FACE_SIZE
    )
    middle = slice(MARGIN, MARGIN + FACE_SIZE)
    np.testing.assert_array_equal(face, crop[middle, middle])


def test_a_frame_names_what_it_expects():
    points = face_68(TEMPLATE_5)
    with pytest.raises(ValueError, match="'ffhq', 'head'.*'body'.*facts"):
        frame_matrix(points, 'body', 128)
    with pytest.raises(ValueError, match=r'\(68, 2\), got \(5, 2\)'):
        frame_matrix(TEMPLATE_5, 'face', 128)


@pytest.mark.parametrize('scale', [0.2, 0.5, 0.8])
def test_crop_shows_what_the_matrix_says(scale):
    to_photo = SimilarityTransform(
        scale=1 / scale, rotation=0.3, translation=(300, 150)
    )
    points = face_68(to_photo(TEMPLATE_5 + MARGIN))
    # Ramps along x and y: averaging and bicubic warps leave them linear.
    y, x = np.mgrid[:1200, :1200].astype(np.float32)
    crop, matrix = align_face(np.stack([x, y, x], -1), points)
    np.testing.assert_allclose(
        map_points(matrix, points)[[36, 42, 30, 48, 54]],
        TEMPLATE_5 + MARGIN,
        atol=1e-9,
    )
    assert scale_of(matrix) == pytest.approx(scale)
    v, u = np.mgrid[:CROP_SIZE, :CROP_SIZE]
    place = to_photo(np.stack([u.ravel(), v.ravel()], 1))
    expected = place.reshape(CROP_SIZE, CROP_SIZE, 2)
    inside = ((expected > 20) & (expected < 1180)).all(-1)
    assert inside.sum() > 5000
    # OpenCV interpolates at multiples of 1/32 pixel of the reduced photograph.
    error = (crop[..., :2] - expected)[inside] * scale
    assert abs(error).max() < 0.1
    assert abs(error.mean(0)).max() < 0.02


def test_outside_of_the_photograph_is_reflected():
    image = np.full((80, 80, 3), 200, np.uint8)
    crop, _ = align_face(image, face_68(TEMPLATE_5 - 20))
    assert (crop == 200).all()


def test_square_has_the_framing_of_the_template(shared_faces):
    rows = np.loadtxt(
        shared_faces / 'landmarks68.csv',
        delimiter=',',
        skiprows=1,
        usecols=range(1, 137),
    )
    squares = np.array(
        [square_around(points) for points in rows.reshape(-1, 68, 2)]
    )
    x, y, side, _ = np.median(squares, 0)
    # the central 128 of 160 pixels
    assert abs(side - 128) < 1.5 and abs(x - 16) < 1.5 and abs(y - 16) < 1.5


def test_square_stays_inside():
    image = np.arange(30 * 40 * 3).reshape(30, 40, 3)
    for box, corner, side in [
        ((10, 5, 10, 8), (10, 4), 10),
        ((-5, -5, 10, 10), (0, 0), 10),
        ((35, 25, 10, 10), (30, 20), 10),
        ((0, 0, 99, 99), (10, 0), 30),
        ((20, 3, 99, 10), (10, 0), 30),
    ]:
        crop, first = crop_square(image, box)
        assert first == corner and crop.shape == (side, side, 3)
        np.testing.assert_array_equal(crop[0, 0], image[first[1], first[0]])
