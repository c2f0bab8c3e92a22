# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Crops, resizes, flips and turns move pixels and points together."""

import numpy as np
import pytest
from PIL import Image

from mmfacesr.datasets.transforms import (
    CropFace,
    RandomAspectCropFace,
    RandomFlipFace,
    RandomRotate90Face,
    ResizeFace,
)
from mmfacesr.faces.schemes import FLIP_68
from mmfacesr.utils.bad_samples import BadSampleError

WHITE = (255, 255, 255)


def sample_with_dots(height: int = 90, width: int = 70) -> dict:
    """A black image with a white pixel at each of 68 integer points."""
    rng = np.random.default_rng(0)
    place = rng.choice((height - 20) * (width - 20), 68, replace=False)
    points = np.stack([place % (width - 20), place // (width - 20)], 1) + 10
    image = np.zeros((height, width, 3), np.uint8)
    image[points[:, 1], points[:, 0]] = WHITE
    return dict(gt=image, gt_landmark=points.astype(np.float32), file='a.png')


def assert_points_on_dots(sample: dict) -> None:
    """Every point is a white pixel and no other pixel is."""
    x, y = sample['gt_landmark'].astype(int).T
    assert (sample['gt'][y, x] == WHITE).all()
    assert (sample['gt'] == WHITE).all(-1).sum() == 68


def test_flip_keeps_points_on_their_pixels_and_swaps_sides() -> None:
    sample = sample_with_dots()
    before = sample['gt_landmark'].copy()
    after = RandomFlipFace(prob=1)(sample)
    assert_points_on_dots(after)
    # the mirrored left outer eye corner is the new right one
    assert after['gt_landmark'][45, 0] == 70 - 1 - before[36, 0]
    assert after['gt_landmark'][45, 1] == before[36, 1]
    assert after['gt_landmark'][8, 0] == 70 - 1 - before[8, 0]  # chin


def test_flip_twice_is_identity() -> None:
    sample, original = sample_with_dots(), sample_with_dots()
    for _ in range(2):
        sample = RandomFlipFace(prob=1)(sample)
    assert (sample['gt'] == original['gt']).all()
    assert (sample['gt_landmark'] == original['gt_landmark']).all()


def test_flip_of_five_points_by_hand() -> None:
    points = np.array([[2, 3], [7, 3], [5, 5], [3, 8], [6, 8]], np.float32)
    sample = dict(gt=np.zeros((10, 10, 3), np.uint8), gt_landmark=points)
    flipped = RandomFlipFace(prob=1)(sample)['gt_landmark']
    assert flipped.tolist() == [[2, 3], [7, 3], [4, 5], [3, 8], [6, 8]]


def test_flip_refuses_unknown_number_of_points() -> None:
    sample = dict(
        gt=np.zeros((4, 4, 3), np.uint8),
        gt_landmark=np.zeros((21, 2), np.float32),
    )
    with pytest.raises(ValueError, match='got 21'):
        RandomFlipFace(prob=1)(sample)


def test_flip_follows_numpy_seed() -> None:

    def flips(seed: int) -> list:
        np.random.seed(seed)
        image = np.arange(6, dtype=np.uint8).reshape(1, 2, 3)
        flip = RandomFlipFace(prob=0.5)
        return [flip(dict(gt=image))['gt'][0, 0, 0] for _ in range(200)]

    assert flips(1) == flips(1)
    assert flips(1) != flips(2)
    assert 60 < sum(value == 3 for value in flips(1)) < 140


def test_central_crop_moves_points() -> None:
    sample = dict(sample_with_dots(), crop_size=64)
    before, image = sample['gt_landmark'].copy(), sample['gt'].copy()
    after = CropFace()(sample)
    assert (after['gt'] == image[13:77, 3:67]).all()
    assert (after['gt_landmark'] == before - (3, 13)).all()


def test_crop_defaults_to_largest_central_square() -> None:
    assert CropFace()(sample_with_dots())['gt'].shape == (70, 70, 3)


def test_crop_refuses_small_image_by_name() -> None:
    sample = dict(sample_with_dots(), crop_size=128)
    with pytest.raises(BadSampleError) as error:
        CropFace()(sample)
    assert error.value.file == 'a.png'
    for word in ('128x128', '70x90', 'crop_size'):
        assert word in str(error.value)


def test_box_is_made_square_and_reflected_outside() -> None:
    image = np.arange(5 * 6, dtype=np.uint8).reshape(5, 6, 1).repeat(3, 2)
    points = np.array([[0.0, 0.0]], np.float32)
    sample = dict(gt=image, gt_landmark=points, box=(-2, 1, 2, 3))
    after = CropFace()(sample)
    # side 4 around the center (0, 2): columns -2..1, rows 0..3
    padded = np.pad(image, ((0, 0), (2, 0), (0, 0)), mode='reflect')
    assert (after['gt'] == padded[0:4, 0:4]).all()
    assert after['gt_landmark'].tolist() == [[2, 0]]


def test_box_far_outside_matches_numpy_reflection() -> None:
    image = np.random.default_rng(0).integers(0, 255, (7, 5, 3), np.uint8)
    after = CropFace()(dict(gt=image, box=(-20, -20, 25, 25)))
    pads = ((20, 18), (20, 20), (0, 0))
    assert (after['gt'] == np.pad(image, pads, mode='reflect')).all()


def test_box_scale_enlarges_around_the_center() -> None:
    sample = dict(sample_with_dots(), box=(30, 30, 40, 40))
    image = sample['gt'].copy()
    after = CropFace(box_scale=2)(sample)
    assert (after['gt'] == image[25:45, 25:45]).all()


@pytest.mark.parametrize(
    'box', [(5, 5, 5, 9), (9, 1, 3, 4), (0, 0, float('nan'), 4)]
)
def test_bad_box_is_refused_by_name(box: tuple) -> None:
    with pytest.raises(BadSampleError, match='a.png'):
        CropFace()(dict(sample_with_dots(), box=box))


def test_resize_equals_pillow_and_scales_points() -> None:
    image = np.random.default_rng(0).integers(0, 255, (80, 80, 3), np.uint8)
    points = np.array([[0, 0], [79, 79], [39.5, 10]], np.float32)
    after = ResizeFace(32)(dict(gt=image, gt_landmark=points))
    pillow = Image.fromarray(image).resize((32, 32), Image.Resampling.BICUBIC)
    assert (after['gt'] == np.array(pillow)).all()
    # (p + .5) * .4 - .5
    expected = [[-0.3, -0.3], [31.3, 31.3], [15.5, 3.7]]
    assert np.allclose(after['gt_landmark'], expected, atol=1e-6)
    assert after['gt_landmark'].dtype == np.float32


def test_resize_moves_points_with_the_pixels() -> None:
    """The center of mass of a blob is where the point says."""
    image = np.zeros((60, 60, 3), np.uint8)
    image[20:29, 33:42] = WHITE
    points = np.array([[37, 24]], np.float32)
    after = ResizeFace(96)(dict(gt=image, gt_landmark=points))
    weight = after['gt'][..., 0].astype(float)
    row, column = np.indices(weight.shape)
    center = [(column * weight).sum(), (row * weight).sum()] / weight.sum()
    assert np.abs(after['gt_landmark'][0] - center).max() < 0.02


def test_resize_to_the_same_size_changes_nothing() -> None:
    sample = sample_with_dots(64, 64)
    assert ResizeFace(64)(sample)['gt'] is sample['gt']


def test_resize_may_only_reduce() -> None:
    reduce = ResizeFace(64, only_reduce=True)
    for height, width in ((64, 64), (40, 64), (63, 30)):
        sample = sample_with_dots(height, width)
        before = sample['gt_landmark'].copy()
        assert reduce(sample)['gt'] is sample['gt']
        assert (sample['gt_landmark'] == before).all()
    # One side above is enough; what is reduced is as ever.
    for height, width in ((65, 65), (40, 70), (90, 64)):
        samples = [
            resize(sample_with_dots(height, width))
            for resize in (reduce, ResizeFace(64))
        ]
        assert samples[0]['gt'].shape == (64, 64, 3)
        for key in ('gt', 'gt_landmark'):
            assert (samples[0][key] == samples[1][key]).all()
    assert 'only_reduce=True' in repr(reduce)


def test_crop_and_resize_round_trip() -> None:
    sample = dict(sample_with_dots(), crop_size=64)
    before = sample['gt_landmark'].copy()
    after = ResizeFace(64)(ResizeFace(160)(CropFace()(sample)))
    assert np.abs(after['gt_landmark'] + (3, 13) - before).max() < 1e-4


def test_quarter_turns_keep_points_on_their_pixels() -> None:
    seen = set()
    for seed in range(20):
        np.random.seed(seed)
        sample = RandomRotate90Face()(sample_with_dots())
        assert_points_on_dots(sample)
        seen.add(sample['gt_landmark'].tobytes())
    assert len(seen) == 4


def test_aspect_crop_keeps_all_points() -> None:
    ratios = []
    for seed in range(40):
        np.random.seed(seed)
        sample = RandomAspectCropFace()(sample_with_dots(100, 100))
        assert_points_on_dots(sample)
        height, width = sample['gt'].shape[:2]
        ratios.append(width / height)
    # the dots leave 10 pixels at each side
    assert min(ratios) < 0.85 and max(ratios) > 1.15


def test_aspect_crop_without_points_has_the_drawn_ratio() -> None:
    crop = RandomAspectCropFace(ratio_range=(0.66, 0.66))
    image = np.zeros((100, 100, 3), np.uint8)
    assert crop(dict(gt=image))['gt'].shape == (100, 66, 3)
    crop = RandomAspectCropFace(ratio_range=(1.25, 1.25))
    assert crop(dict(gt=image))['gt'].shape == (80, 100, 3)


@pytest.mark.parametrize(
    'transform',
    [
        CropFace(),
        ResizeFace(32),
        RandomFlipFace(1),
        RandomRotate90Face(),
        RandomAspectCropFace(),
    ],
)
def test_works_without_points_and_gives_owned_pixels(transform) -> None:
    image = np.random.default_rng(0).integers(0, 255, (50, 50, 3), np.uint8)
    results = transform(dict(gt=image))
    assert set(results) == {'gt'}
    assert results['gt'].flags.c_contiguous
    assert results['gt'].dtype == np.uint8
    assert 'gt_landmark' not in repr(transform)


def test_flip_order_is_an_involution_and_swaps_the_eyes() -> None:
    assert (FLIP_68[FLIP_68] == np.arange(68)).all()
    pairs = {
        36: 45,
        37: 44,
        38: 43,
        39: 42,
        40: 47,
        41: 46,
        0: 16,
        17: 26,
        48: 54,
        60: 64,
        31: 35,
    }
    for left, right in pairs.items():
        assert FLIP_68[left] == right
