# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Pasting back: what changes, what does not, and no seam between."""

from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
import pytest
from PIL import Image

from mmfacesr.datasets.synthetic_faces import render_face
from mmfacesr.faces.framing import (
    FRAMINGS,
    TEMPLATES,
    frame_face,
    frame_matrix,
    map_points,
    scale_of,
)
from mmfacesr.faces.pasting import (
    SOFTNESS,
    face_change,
    face_mask,
    paste_released,
    upscaled_matrix,
)
from mmfacesr.faces.schemes import CHIN_68, INNER_68, five_from_68

SIZE = 128
SHIFT = np.array([30, -20, 10], np.float32)
PICTURE, POINTS = render_face(1, 512, 'portrait')
POINTS = POINTS.astype(np.float64)
HEIGHT, WIDTH = PICTURE.shape[:2]


def framed(points: np.ndarray, picture: np.ndarray = PICTURE) -> tuple:
    """Crop, mask and matrix of a face in the frame 'face'."""
    matrix = frame_matrix(points, 'face', SIZE)
    crop = frame_face(picture, matrix, SIZE)
    return crop, face_mask(points, matrix, SIZE), matrix


def spread(change: tuple | None, shape: tuple) -> np.ndarray:
    """Put a change into zeros of the size of the photo."""
    x, y, values = change
    height, width = values.shape[:2]
    assert values.dtype == np.float32
    assert x >= 0 and y >= 0
    assert x + width <= shape[1] and y + height <= shape[0]
    canvas = np.zeros((*shape, 3), np.float32)
    canvas[y : y + height, x : x + width] = values
    return canvas


def at_size(points: np.ndarray, side: float, corner: tuple) -> np.ndarray:
    """Move a face so that the frame 'face' covers a square of the photo."""
    back = side / SIZE
    matrix = frame_matrix(points, 'face', SIZE)
    return (map_points(matrix, points) + 0.5) * back - 0.5 + corner


@pytest.mark.parametrize('framing', FRAMINGS)
def test_mask_holds_the_face_and_leaves_the_border(framing):
    size = TEMPLATES[framing][1]
    matrix = frame_matrix(POINTS, framing, size)
    mask = face_mask(POINTS, matrix, size)
    assert mask.shape == (size, size) and mask.dtype == np.float32
    assert mask.min() == 0 and mask.max() == 1
    for edge in (mask[:2], mask[-2:], mask[:, :2], mask[:, -2:]):
        assert not edge.any()
    x, y = map_points(matrix, POINTS[INNER_68]).round().astype(int).T
    assert (mask[y, x] == 1).all()
    # Half-way up the forehead.
    brows, chin = POINTS[17:27].mean(0), POINTS[CHIN_68]
    forehead = map_points(matrix, [brows + 0.15 * (brows - chin)])[0]
    x, y = forehead.round().astype(int)
    assert mask[y, x] == 1
    eyes = five_from_68(map_points(matrix, POINTS))[:2]
    softness = SOFTNESS * np.hypot(*(eyes[0] - eyes[1]))
    step = max(abs(np.diff(mask, axis=axis)).max() for axis in (0, 1))
    assert step < 2 * max(1.5 / softness, 1.5 / (size / 12))


def test_mask_of_a_face_elsewhere_is_empty():
    matrix = frame_matrix(POINTS, 'face', SIZE)
    assert not face_mask(POINTS + 4000, matrix, SIZE).any()


@pytest.mark.parametrize('side', [16, 100, 400])
def test_nothing_restored_changes_nothing(side):
    points = at_size(POINTS, side, (60, 70))
    crop, mask, matrix = framed(points)
    for sr in (crop, crop.astype(np.float32)):
        *_, change = face_change(sr, crop, mask, matrix, (HEIGHT, WIDTH))
        assert change.size and not change.any()


def test_color_is_kept_or_changed_as_asked():
    crop, mask, matrix = framed(POINTS)
    sr = crop + SHIFT
    shape = HEIGHT, WIDTH
    *_, kept = face_change(sr, crop, mask, matrix, shape)
    assert not kept.any()
    changed = spread(
        face_change(sr, crop, mask, matrix, shape, keep_color=False), shape
    )
    weight = cv2.warpAffine(
        mask, matrix, shape[::-1], flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    ).clip(0, 1)
    # OpenCV warps in steps of 1/32 pixel, here from another origin.
    np.testing.assert_allclose(changed, weight[..., None] * SHIFT, atol=0.5)
    far = cv2.dilate(weight, np.ones((9, 9))) == 0
    assert far.any() and not changed[far].any()


@pytest.mark.parametrize('side', [40, 200, 600])
def test_no_seam_on_a_ramp(side):
    """The mask is all that the eye could find, and it is smooth."""
    ramp = np.linspace(20, 200, WIDTH).round().astype(np.uint8)
    ramp = np.tile(ramp[None, :, None], (HEIGHT, 1, 3))
    points = at_size(POINTS, side, (30, 20))
    crop, mask, matrix = framed(points, ramp)
    change = spread(
        face_change(
            crop + SHIFT, crop, mask, matrix, (HEIGHT, WIDTH), keep_color=False
        ),
        (HEIGHT, WIDTH),
    )
    ramp_pixels = min(1 / 12, SOFTNESS * 0.24) * side
    steepest = 1.5 * abs(SHIFT).max() / ramp_pixels
    for axis in (0, 1):
        assert abs(np.diff(change, axis=axis)).max() < 2 * steepest


def test_a_restored_face_is_found_again():
    points = at_size(POINTS, 400, (50, 40))
    crop, mask, matrix = framed(points)
    y, x = np.mgrid[:SIZE, :SIZE] / 6
    sr = np.clip(crop + 25 * (np.sin(x) * np.cos(y))[..., None], 0, 255)
    change = face_change(sr, crop, mask, matrix, (HEIGHT, WIDTH), False)
    pasted = PICTURE + spread(change, (HEIGHT, WIDTH))
    again = frame_face(
        pasted.round().clip(0, 255).astype(np.uint8), matrix, SIZE
    )
    inside = mask == 1
    assert abs(sr - crop)[inside].mean() > 8
    assert abs(sr - again)[inside].mean() < 1


def test_detail_beyond_the_frame_stays():
    """A face made flat in the frame keeps what is finer than its pixels."""
    noise = np.random.default_rng(0).normal(0, 20, (HEIGHT, WIDTH, 3))
    grainy = np.clip(128 + noise, 0, 255).astype(np.uint8)
    points = at_size(POINTS, 480, (16, 10))
    crop, mask, matrix = framed(points, grainy)
    flat = np.full_like(crop, 128)
    *_, change = face_change(flat, crop, mask, matrix, (HEIGHT, WIDTH))
    assert 1 < change.std() < 0.3 * noise.std()


def test_a_tiny_face_is_antialiased():
    """Frame of 128 into 16 pixels: compare with Pillow's reduction."""
    side, corner = 16, (40, 56)
    points = at_size(POINTS, side, corner)
    crop, _, matrix = framed(points)
    assert scale_of(matrix) == pytest.approx(SIZE / side)
    grain = np.random.default_rng(0).normal(0, 30, (SIZE, SIZE, 1))
    slope = np.linspace(0, 90, SIZE)[None, :, None]
    added = np.tile(grain + slope, (1, 1, 3)).astype(np.float32)
    mask = np.ones((SIZE, SIZE), np.float32)
    change = spread(
        face_change(crop + added, crop, mask, matrix, (HEIGHT, WIDTH), False),
        (HEIGHT, WIDTH),
    )
    reduced = Image.fromarray(added[..., 0]).resize(
        (side, side), Image.Resampling.BOX
    )
    left, top = corner
    ours = change[top : top + side, left : left + side, 0]
    np.testing.assert_allclose(ours, np.asarray(reduced), atol=0.5)


@pytest.mark.parametrize('factor', [1, 2, 4])
def test_matrix_of_the_enlarged_photo(factor):
    matrix = frame_matrix(POINTS, 'face', SIZE)
    enlarged = (POINTS + 0.5) * factor - 0.5
    np.testing.assert_allclose(
        map_points(upscaled_matrix(matrix, factor), enlarged),
        map_points(matrix, POINTS),
        atol=1e-9,
    )
    with pytest.raises(ValueError, match='at least 1, got 0'):
        upscaled_matrix(matrix, 0)


def test_a_face_partly_outside():
    shape = HEIGHT, WIDTH
    for corner in [(-150, 50), (50, -150), (350, 300)]:
        points = at_size(POINTS, 300, corner)
        crop, mask, matrix = framed(points)
        sr = crop + SHIFT
        change = spread(
            face_change(sr, crop, mask, matrix, shape, False), shape
        )
        # The same face in a photo that holds all of it.
        moved = matrix.copy()
        moved[:, 2] = map_points(matrix, [(-400, -400)])[0]
        whole = spread(
            face_change(sr, crop, mask, moved, (1200, 1200), False),
            (1200, 1200),
        )
        part = whole[400 : 400 + HEIGHT, 400 : 400 + WIDTH]
        assert 0 < abs(part).sum() < abs(whole).sum()
        np.testing.assert_allclose(change, part, atol=0.5)


def test_a_face_outside_or_no_face_gives_none():
    for corner in [(600, 0), (0, 600), (-200, 0), (0, -200)]:
        crop, mask, matrix = framed(at_size(POINTS, 150, corner))
        sr = crop + SHIFT
        assert face_change(sr, crop, mask, matrix, (HEIGHT, WIDTH)) is None
    crop, mask, matrix = framed(POINTS)
    args = crop, crop, 0 * mask, matrix, (HEIGHT, WIDTH)
    assert face_change(*args) is None


def test_frames_of_two_sizes_are_refused():
    crop, mask, matrix = framed(POINTS)
    sr = np.zeros((256, 256, 3), np.uint8)
    with pytest.raises(ValueError, match=r'got \(256, 256, 3\), .* resize'):
        face_change(sr, crop, mask, matrix, (HEIGHT, WIDTH))


def test_released_hard_paste(golden: Path, fill: ModuleType):
    arrays = np.load(golden / 'sparnet/align_paste.npz')
    face = fill.image_batch((1, 3, 512, 512), 22)[0].transpose(1, 2, 0)
    face = np.round(face * 200 + 30).astype(np.uint8)
    np.testing.assert_array_equal(face[::16, ::16], arrays['hq_s16'])
    matrix = arrays['matrix'][:2]
    for factor, step, name in ((1, 1, 'pasted_x1'), (2, 3, 'pasted_x2_s3')):
        pasted = paste_released(arrays['img'], face, matrix, factor)
        error = abs(pasted[::step, ::step] - arrays[name].astype(float))
        assert error.mean() < 0.1
        assert (error > 1).any(-1).sum() < 8
