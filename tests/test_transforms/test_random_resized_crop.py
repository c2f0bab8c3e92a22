# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""SPARNet's random crop is torchvision's, and points follow it."""

import numpy as np
import pytest

from mmfacesr.datasets.transforms import RandomResizedCropFace
from mmfacesr.datasets.transforms.random_resized_crop import RELEASED_PROB
from mmfacesr.registry import TRANSFORMS


def noise_image(height: int, width: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (height, width, 3), np.uint8)


def test_crop_equals_golden(celeba, monkeypatch) -> None:
    crop = RandomResizedCropFace(prob=1)
    y, x, height, width = celeba['crop_box_ijhw']
    box = (x, y, width, height)
    monkeypatch.setattr(crop, '_draw_box', lambda width, height: box)
    results = crop(dict(gt=celeba['hr']))
    assert (results['gt'] == celeba['crop']).all()


def test_uncropped_image_is_resized_as_golden(celeba) -> None:
    results = RandomResizedCropFace(prob=0)(dict(gt=celeba['any']))
    assert (results['gt'] == celeba['any_to_128']).all()


def test_default_probability_is_the_released_rule() -> None:
    s = np.linspace(1, 1.3, 100_000, endpoint=False)
    cropped = ((128 * s).astype(int) > 128).mean()
    assert pytest.approx(cropped, abs=1e-4) == RELEASED_PROB
    np.random.seed(0)
    crop, image = RandomResizedCropFace(), noise_image(128, 128)
    whole = sum(crop(dict(gt=image))['gt'] is image for _ in range(1000))
    assert 8 < whole < 46  # 26 expected, standard deviation 5


@pytest.mark.parametrize('height, width', [(128, 128), (218, 178), (90, 150)])
def test_boxes_are_distributed_as_torchvision_draws_them(
    height, width
) -> None:
    torch = pytest.importorskip('torch')
    theirs = pytest.importorskip('torchvision.transforms').RandomResizedCrop
    crop, image = RandomResizedCropFace(), torch.zeros(3, height, width)
    np.random.seed(0)
    torch.manual_seed(0)
    ours = np.array([crop._draw_box(width, height) for _ in range(3000)])
    other = np.array(
        [
            theirs.get_params(image, [0.7, 1.0], [3 / 4, 4 / 3])
            for _ in range(3000)
        ]
    )[:, [1, 0, 3, 2]]  # top, left, h, w
    for mine, reference in zip(ours.T, other.T):
        values = np.arange(max(height, width) + 1)
        gap = (mine[:, None] <= values).mean(0) - (
            reference[:, None] <= values
        ).mean(0)
        assert np.abs(gap).max() < 0.05  # Kolmogorov-Smirnov


def test_boxes_lie_inside_and_keep_their_ranges() -> None:
    np.random.seed(1)
    crop = RandomResizedCropFace()
    x, y, w, h = np.array([crop._draw_box(178, 218) for _ in range(2000)]).T
    assert x.min() >= 0 and y.min() >= 0
    assert (x + w).max() <= 178 and (y + h).max() <= 218
    share, ratio = w * h / (178 * 218), w / h
    assert 0.69 < share.min() < 0.71 and 0.95 < share.max() <= 1
    assert 0.74 < ratio.min() < 0.76 and 1.0 < ratio.max() < 1.35


@pytest.mark.parametrize(
    'width, height, box', [(400, 100, (133, 0, 133, 100)),
                           (100, 400, (0, 133, 100, 133))]
)  # fmt: skip
def test_center_is_cut_where_no_draw_fits(width, height, box) -> None:
    crop = RandomResizedCropFace(scale=(0.9, 1.0))
    assert crop._draw_box(width, height) == box


@pytest.mark.parametrize('prob', [0, 0.5, 1])
def test_every_image_gets_the_size(prob) -> None:
    np.random.seed(0)
    crop, image = RandomResizedCropFace(prob=prob), noise_image(218, 178)
    before = image.copy()
    for _ in range(20):
        result = crop(dict(gt=image))['gt']
        assert result.shape == (128, 128, 3) and result.dtype == np.uint8
        assert result.flags.c_contiguous
    assert (image == before).all()


@pytest.mark.parametrize('prob', [0, 1])
def test_point_stays_on_its_dot(prob) -> None:
    np.random.seed(0)
    image = np.zeros((218, 178, 3), np.uint8)
    image[100:109, 83:92] = 255
    places = set()
    for _ in range(10):
        point = np.array([[87, 104]], np.float32)
        after = RandomResizedCropFace(prob=prob)(
            dict(gt=image, gt_landmark=point)
        )
        weight = after['gt'][..., 0].astype(float)
        row, column = np.indices(weight.shape)
        dot = [(column * weight).sum(), (row * weight).sum()] / weight.sum()
        assert np.abs(after['gt_landmark'][0] - dot).max() < 0.04
        assert after['gt_landmark'].dtype == np.float32
        places.add(tuple(after['gt_landmark'][0]))
    assert len(places) == (10 if prob else 1)


def test_follows_numpy_seed() -> None:
    crop, image = RandomResizedCropFace(), noise_image(64, 64)

    def result(seed: int) -> np.ndarray:
        np.random.seed(seed)
        return crop(dict(gt=image))['gt']

    assert (result(3) == result(3)).all()
    assert (result(3) != result(4)).any()


@pytest.mark.parametrize(
    'arguments, message',
    [
        (dict(scale=(0.7, 1.2)), r'scale as 0 < least.*got \(0\.7, 1\.2\)'),
        (dict(scale=(0, 1)), 'scale as'),
        (dict(ratio=(2, 1)), r'ratio as .*got \(2, 1\)'),
        (dict(prob=1.5), r'prob in \[0, 1\], got 1\.5'),
        (dict(size=0), 'size of at least 1, got 0'),
    ],
)
def test_refuses_wrong_arguments(arguments, message) -> None:
    with pytest.raises(ValueError, match=message):
        TRANSFORMS.build(dict(type='RandomResizedCropFace', **arguments))


def test_refuses_float_image() -> None:
    with pytest.raises(TypeError, match='gt as uint8, got float32'):
        RandomResizedCropFace()(dict(gt=np.zeros((9, 9, 3), np.float32)))
