# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Random framing and bending move image and points alike."""

import numpy as np
import pytest

from mmfacesr.datasets.transforms import RandomElasticFace, RandomFramingFace

STILL = dict(degrees=0, scale=(1, 1), stretch=(1, 1), shift=0)


def dots(points: np.ndarray, size: int = 160) -> np.ndarray:
    """Round bright blobs at points."""
    y, x = np.mgrid[:size, :size]
    picture = np.zeros((size, size, 3), np.uint8)
    for px, py in points:
        blob = 255 * np.exp(-((x - px) ** 2 + (y - py) ** 2) / 8)
        picture = np.maximum(picture, blob[..., None].astype(np.uint8))
    return picture


def center_of(picture: np.ndarray) -> np.ndarray:
    weight = picture[..., 0].astype(float)
    y, x = np.mgrid[: len(weight), : len(weight)]
    return np.array([(weight * x).sum(), (weight * y).sum()]) / weight.sum()


def test_without_change_it_is_the_central_square() -> None:
    gt = np.random.default_rng(0).integers(0, 256, (160, 160, 3), np.uint8)
    points = np.array([[20.0, 30.0]], np.float32)
    done = RandomFramingFace(128, **STILL)(dict(gt=gt, gt_landmark=points))
    np.testing.assert_array_equal(done['gt'], gt[16:144, 16:144])
    np.testing.assert_allclose(done['gt_landmark'], [[4, 14]])


def test_points_stay_on_their_features() -> None:
    point = np.array([[60.0, 95.0]], np.float32)
    np.random.seed(0)
    moved = set()
    for _ in range(20):
        sample = dict(gt=dots(point), gt_landmark=point.copy())
        done = RandomFramingFace(128)(sample)
        assert done['gt'].shape == (128, 128, 3)
        assert done['gt_landmark'].dtype == np.float32
        found = center_of(done['gt'])
        np.testing.assert_allclose(done['gt_landmark'][0], found, atol=0.3)
        moved.add(tuple(np.round(found)))
    assert len(moved) > 10


def test_stretch_widens() -> None:
    points = np.array([[70.0, 80.0], [90.0, 80.0]], np.float32)
    still = {**STILL, 'stretch': (1.21, 1.21)}
    done = RandomFramingFace(128, **still)(
        dict(gt=dots(points), gt_landmark=points)
    )
    width = np.diff(done['gt_landmark'][:, 0])[0]
    assert width == pytest.approx(22)  # 20 * sqrt(1.21)


@pytest.mark.parametrize('name', ['scale', 'stretch'])
def test_wrong_ranges_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f'{name} as 0 < least'):
        RandomFramingFace(**{name: (0, 1)})


def test_bent_points_stay_on_their_features() -> None:
    point = np.array([[70.0, 95.0]], np.float32)
    np.random.seed(0)
    shifts = []
    for _ in range(200):
        sample = dict(gt=dots(point), gt_landmark=point.copy())
        done = RandomElasticFace(3, 40)(sample)
        assert done['gt'].shape == (160, 160, 3)
        assert done['gt_landmark'].dtype == np.float32
        found = center_of(done['gt'])
        np.testing.assert_allclose(done['gt_landmark'][0], found, atol=1)
        shifts.append(found - point[0])
    # Cubic interpolation between the grid's points makes shifts smaller.
    assert 1.5 < np.std(shifts) < 3.5
    assert abs(np.mean(shifts)) < 0.5


def test_unbent_is_unchanged() -> None:
    gt = np.random.default_rng(0).integers(0, 256, (128, 128, 3), np.uint8)
    done = RandomElasticFace(amplitude=0)(dict(gt=gt.copy()))
    np.testing.assert_array_equal(done['gt'], gt)


def test_neighbors_move_alike() -> None:
    points = np.array([[70.0, 80.0], [74.0, 80.0]], np.float32)
    np.random.seed(0)
    gt = np.zeros((160, 160, 3), np.uint8)
    for _ in range(20):
        sample = dict(gt=gt, gt_landmark=points.copy())
        moved = RandomElasticFace(4, 64)(sample)['gt_landmark'] - points
        assert np.abs(moved[0] - moved[1]).max() < 2


@pytest.mark.parametrize('wrong', [dict(amplitude=-1), dict(spacing=0)])
def test_wrong_bends_are_refused(wrong: dict) -> None:
    with pytest.raises(ValueError, match='amplitude of at least 0'):
        RandomElasticFace(**wrong)
