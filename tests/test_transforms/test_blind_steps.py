# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Each step of the blind degradation against golden arrays."""

import numpy as np
import pytest

from mmfacesr.datasets import blind_steps
from mmfacesr.datasets.blind_steps import jpeg_quality, take_steps

STEP_CASES = {
    **{f'gaussian_{s}': ('gaussian_blur', dict(sigma=float(s)))
       for s in ('3', '4.2', '7.5', '15')},
    **{f'average_{k}': ('average_blur', dict(size=k)) for k in (3, 6, 15)},
    **{f'median_{k}': ('median_blur', dict(size=k)) for k in (3, 5, 15)},
    **{f'resize_{way}_{n}': ('resize', dict(size=n, interpolation=way))
       for way in ('nearest', 'linear', 'area', 'cubic') for n in (32, 45)},
    **{f'jpeg_{c}': ('jpeg', dict(compression=c)) for c in (10, 30, 64)},
    'gray': ('to_gray', dict()),
}  # fmt: skip
MOTIONS = ['5_0_0', '9_30_0', '15_120_0.7', '12_200_-1', '25_300_0.25',
           '7_45_1']  # fmt: skip
CHAINS = {
    'chain0': ['gaussian_3', 'resize_area_32', 'jpeg_30'],
    'chain1': [
        ('motion_blur', dict(size=15, angle=120, direction=0.7)),
        ('resize', dict(size=48, interpolation='cubic')),
    ],
    'chain2': [
        ('resize', dict(size=40, interpolation='nearest')),
        'jpeg_64',
    ],
    'chain3': [
        'average_6',
        ('resize', dict(size=33, interpolation='linear')),
        'jpeg_10',
    ],
}


def assert_golden(image, expected, has_jpeg: bool = False) -> None:
    """Equal as far as builds of OpenCV and libjpeg agree."""
    assert image.shape == expected.shape and image.dtype == np.uint8
    difference = np.abs(image.astype(int) - expected)
    assert difference.max() < (16 if has_jpeg else 2)
    assert not has_jpeg or difference.mean() < 0.5


@pytest.mark.parametrize('name', STEP_CASES)
def test_step_equals_golden(degraded, name) -> None:
    before = degraded['hq'].copy()
    image = take_steps(degraded['hq'], [STEP_CASES[name]])
    assert_golden(image, degraded[name], 'jpeg' in name)
    assert (degraded['hq'] == before).all()


@pytest.mark.parametrize('name', MOTIONS)
def test_motion_equals_golden(degraded, name) -> None:
    size, angle, direction = (float(part) for part in name.split('_'))
    motion = (int(size), angle, direction)
    kernel, expected = (
        blind_steps.motion_kernel(*motion),
        degraded[f'motion_kernel_{name}'],
    )
    assert kernel.shape == expected.shape and kernel.dtype == np.float32
    assert np.abs(kernel - expected).max() < 1 / 255
    assert kernel.sum() == pytest.approx(1)
    image = blind_steps.motion_blur(degraded['hq'], *motion)
    assert_golden(image, degraded[f'motion_{name}'])


@pytest.mark.parametrize(
    'sigma, width',
    [(0.3, 3), (0.75, 3), (4.9, 15), (5.0, 13), (8.9, 23), (14.9, 39)],
)
def test_gaussian_is_cut_off_at_the_released_width(sigma, width) -> None:
    line = np.zeros((64, 64, 3), np.uint8)
    line[:, 32] = 255
    blurred = blind_steps.gaussian_blur(line, sigma)
    assert blurred[32, :, 0].astype(bool).sum() == width


def test_noise_equals_golden(degraded) -> None:
    image = blind_steps.add_noise(
        degraded['resize_area_45'], degraded['noise_field']
    )
    assert (image == degraded['noise_area_45']).all()


def test_noise_is_clipped_and_not_wrapped() -> None:
    image = np.array([[[0, 128, 255]]], np.uint8)
    for value, expected in ((-9.6, [0, 118, 245]), (9.4, [9, 137, 255])):
        field = np.full((1, 1, 1), value, np.float32)
        noisy = blind_steps.add_noise(image, field)
        assert noisy.tolist() == [[expected]] and noisy.dtype == np.uint8


def test_jpeg_quality_equals_golden(degraded) -> None:
    table = degraded['jpeg_quality_of_compression']
    assert [jpeg_quality(c) for c in range(101)] == table.tolist()


@pytest.mark.parametrize('name', CHAINS)
def test_chain_equals_golden(degraded, name) -> None:
    steps = [STEP_CASES.get(s, s) if isinstance(s, str) else s
             for s in CHAINS[name]]  # fmt: skip
    has_jpeg = 'jpeg' in steps[-1][0]
    small = take_steps(degraded['hq'], steps)
    assert_golden(small, degraded[f'{name}_lr'], has_jpeg)
    large = take_steps(
        small, [('resize', dict(size=128, interpolation='cubic'))]
    )
    assert_golden(large, degraded[name], has_jpeg)


def test_refuses_unknown_ways() -> None:
    with pytest.raises(ValueError, match=r"interpolation of .*got 'lanczos'"):
        blind_steps.resize(np.zeros((8, 8, 3), np.uint8), 4, 'lanczos')
    with pytest.raises(ValueError, match='0 to 100, got 101'):
        jpeg_quality(101)
