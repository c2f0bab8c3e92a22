# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Random rotations and colors against Pillow, OpenCV and by hand."""

import colorsys
from functools import partial

import cv2
import numpy as np
import pytest
import torch
from mmengine.dataset import worker_init_fn
from mmengine.runner.utils import set_random_seed
from PIL import Image
from torch.utils.data import DataLoader

from mmfacesr.datasets.transforms import ColorJitterFace, RandomRotateFace
from mmfacesr.datasets.transforms.face_jitter import rotate_points

OFF = dict(brightness=0, contrast=0, saturation=0, hue=0)


def noise(height: int = 32, width: int = 32, seed: int = 0) -> np.ndarray:
    draw = np.random.RandomState(seed)
    return draw.randint(0, 256, (height, width, 3)).astype(np.uint8)


@pytest.fixture
def fixed_angle(monkeypatch: pytest.MonkeyPatch):
    def fix(degrees: float) -> None:
        monkeypatch.setattr(np.random, 'uniform', lambda low, high: degrees)

    return fix


def test_image_is_pillows() -> None:
    image = noise()
    np.random.seed(4)
    found = RandomRotateFace(20)(dict(gt=image))['gt']
    np.random.seed(4)
    angle = np.random.uniform(-20, 20)
    wanted = Image.fromarray(image).rotate(angle, Image.BILINEAR)
    np.testing.assert_array_equal(found, np.array(wanted))
    assert abs(angle) > 5 and (found[0, 0] == 0).all()  # black corner
    found += 1  # writable


@pytest.mark.parametrize('turns', [-1, 0, 1, 2])
def test_quarter_turns_are_exact(fixed_angle, turns: int) -> None:
    """A quarter turn takes (x, y) to (y, W - 1 - x)."""
    fixed_angle(90 * turns)
    points = np.array([[0, 0], [5, 0], [31, 7]], np.float32)
    sample = RandomRotateFace(180)(dict(gt=noise(), gt_landmark=points))
    np.testing.assert_array_equal(sample['gt'], np.rot90(noise(), turns))
    for _ in range(turns % 4):
        points = np.stack([points[:, 1], 31 - points[:, 0]], 1)
    assert np.abs(sample['gt_landmark'] - points).max() < 1e-5
    assert sample['gt_landmark'].dtype == np.float32


@pytest.mark.parametrize('shape', [(64, 64), (48, 80)])
@pytest.mark.parametrize('degrees', [-20, 7.5, 20])
def test_points_follow_marks(fixed_angle, shape, degrees) -> None:
    """Soft marks are found again where their points went."""
    fixed_angle(degrees)
    height, width = shape
    points = np.array([[30, 14], [26.5, 30.25], [44, 20]])
    rows, cols = np.mgrid[:height, :width]
    for point in points:
        distance = (cols - point[0]) ** 2 + (rows - point[1]) ** 2
        mark = np.rint(255 * np.exp(-distance / 8)).astype(np.uint8)
        sample = dict(
            gt=np.stack([mark] * 3, -1), gt_landmark=points.astype(np.float32)
        )
        sample = RandomRotateFace()(sample)
        weight = sample['gt'][..., 0].astype(float)
        total = weight.sum()
        center = [(weight * cols).sum() / total, (weight * rows).sum() / total]
        index = int(np.where((points == point).all(1))[0][0])
        assert np.abs(sample['gt_landmark'][index] - center).max() < 0.05
        assert np.abs(center - point).max() > 0.3  # it did move


@pytest.mark.parametrize('degrees', [-20, 3.25, 90, 150])
def test_points_are_opencvs(degrees: float) -> None:
    points = np.random.RandomState(0).uniform(0, 100, (68, 2))
    matrix = cv2.getRotationMatrix2D((99 / 2, 63 / 2), degrees, 1)
    wanted = points @ matrix[:, :2].T + matrix[:, 2]
    found = rotate_points(points, degrees, (64, 100))
    assert np.abs(found - wanted).max() < 1e-4


def test_angles_fill_the_range(monkeypatch) -> None:
    angles = []
    rotate = Image.Image.rotate

    def note(image, angle, *args):
        angles.append(angle)
        return rotate(image, angle, *args)

    monkeypatch.setattr(Image.Image, 'rotate', note)
    np.random.seed(0)
    for _ in range(300):
        RandomRotateFace(20)(dict(gt=noise(8, 8)))
    assert -20 <= min(angles) < -19 and 19 < max(angles) <= 20
    assert abs(np.mean(angles)) < 2
    assert np.std(angles) == pytest.approx(40 / 12**0.5, rel=0.1)


def test_wrong_arguments() -> None:
    for degrees in (-1, 181):
        with pytest.raises(ValueError, match='degrees'):
            RandomRotateFace(degrees)
    with pytest.raises(ValueError, match='hue'):
        ColorJitterFace(hue=0.6)
    for transform in (RandomRotateFace(), ColorJitterFace()):
        with pytest.raises(TypeError, match='uint8'):
            transform(dict(gt=noise().astype(np.float32)))
    assert 'hue=0.1' in repr(ColorJitterFace())
    assert '20' in repr(RandomRotateFace())


def factor_of(result: np.ndarray, image: np.ndarray) -> float:
    """Least-squares factor between two images."""
    x, y = image.astype(float).ravel(), result.astype(float).ravel()
    return float(x @ y / (x @ x))


def test_brightness_by_hand() -> None:
    image = noise() // 2  # nothing is clipped below a factor of 1.4
    jitter = ColorJitterFace(**{**OFF, 'brightness': 0.4})
    torch.manual_seed(0)
    factors = []
    for _ in range(50):
        found = jitter(dict(gt=image.copy()))['gt']
        factors.append(factor_of(found, image))
        assert np.abs(found - factors[-1] * image).max() < 1.2
    assert 0.59 < min(factors) < 0.7 and 1.3 < max(factors) < 1.41


def test_contrast_and_saturation_by_hand() -> None:
    """Contrast moves to the mean gray, saturation to the pixel's gray."""
    image = noise() // 2 + 64
    gray = np.array(Image.fromarray(image).convert('L'), float)[..., None]
    for name, middle in (
        ('contrast', np.rint(gray.mean())),
        ('saturation', gray),
    ):
        torch.manual_seed(1)
        jitter = ColorJitterFace(**{**OFF, name: 0.4})
        found = jitter(dict(gt=image.copy()))['gt']
        factor = factor_of(found - middle, image - middle)
        assert 0.6 <= factor <= 1.4 and abs(factor - 1) > 0.02
        assert np.abs(found - middle - factor * (image - middle)).max() < 1.2


def test_hue_by_hand() -> None:
    image = np.full((4, 4, 3), (200, 60, 60), np.uint8)  # hue 0
    jitter = ColorJitterFace(**{**OFF, 'hue': 0.1})
    torch.manual_seed(0)
    hues = []
    for _ in range(50):
        pixel = jitter(dict(gt=image.copy()))['gt'][0, 0] / 255
        hue, saturation, value = colorsys.rgb_to_hsv(*pixel)
        hues.append((hue + 0.5) % 1 - 0.5)
        assert saturation == pytest.approx(0.7, abs=0.02)
        assert value == pytest.approx(200 / 255, abs=0.01)
    assert -0.11 < min(hues) < -0.05 and 0.05 < max(hues) < 0.11


class Jittered(torch.utils.data.Dataset):
    """The same face eight times, jittered and rotated."""

    def __len__(self) -> int:
        return 8

    def __getitem__(self, index: int) -> np.ndarray:
        sample = RandomRotateFace()(dict(gt=noise()))
        return ColorJitterFace()(sample)['gt']


@pytest.mark.parametrize('workers', [0, 2])
def test_seeded_as_mmengine_does(workers: int) -> None:
    """One seed repeats the draws; samples and workers differ."""

    def draws(seed: int) -> list[bytes]:
        set_random_seed(seed)
        init = partial(worker_init_fn, num_workers=workers, rank=0, seed=seed)
        loader = DataLoader(
            Jittered(),
            batch_size=2,
            num_workers=workers,
            worker_init_fn=init if workers else None,
        )
        return [image.numpy().tobytes() for batch in loader for image in batch]

    first = draws(0)
    assert first == draws(0) and first != draws(1)
    assert len(set(first)) == 8
