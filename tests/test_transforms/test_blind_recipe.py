# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What is drawn for the blind degradation, and how often."""

from collections import Counter

import numpy as np
import pytest

from mmfacesr.datasets.blind_recipe import BlindRanges
from mmfacesr.datasets.blind_steps import STEPS

ALWAYS = dict(gray_prob=1, blur_prob=1, noise_prob=1, jpeg_prob=1)


@pytest.fixture(scope='module')
def recipes() -> list:
    """Recipes of the released ranges."""
    draws = np.random.RandomState(0)
    return [BlindRanges().draw_steps(draws, 512) for _ in range(6000)]


def values(recipes: list, step: str, argument: str) -> np.ndarray:
    """What was drawn for a step, without the last resize."""
    return np.array(
        [
            arguments[argument]
            for recipe in recipes
            for name, arguments in recipe[:-1]
            if name == step
        ]
    )


def test_steps_come_in_the_released_order(recipes) -> None:
    ranks = dict(resize=1, add_noise=2, jpeg=3)
    for recipe in recipes:
        *steps, last = recipe
        order = [ranks.get(name, 0) for name, _ in steps]
        assert order == sorted(set(order)) and 1 in order
        assert last == ('resize', dict(size=512, interpolation='cubic'))
    assert {name for r in recipes for name, _ in r} == set(STEPS) - {'to_gray'}


def test_branches_are_as_frequent_as_released(recipes) -> None:
    count = Counter(name for recipe in recipes for name, _ in recipe[:-1])
    assert count['resize'] == len(recipes)
    expected = dict(add_noise=0.2, jpeg=0.7)
    for blur in ('gaussian', 'average', 'median', 'motion'):
        expected[f'{blur}_blur'] = 0.5 / 4
    for name, share in expected.items():  # standard deviation at most 0.006
        assert count[name] / len(recipes) == pytest.approx(share, abs=0.03)
    ways = Counter(values(recipes, 'resize', 'interpolation').tolist())
    assert set(ways) == {'nearest', 'linear', 'area', 'cubic'}
    assert all(
        n / len(recipes) == pytest.approx(0.25, abs=0.03)
        for n in ways.values()
    )


@pytest.mark.parametrize(
    'step, argument, ends',
    [
        ('average_blur', 'size', (3, 15)),
        ('median_blur', 'size', (3, 15)),
        ('motion_blur', 'size', (5, 25)),
        ('resize', 'size', (32, 127)),
        ('jpeg', 'compression', (10, 64)),
    ],
)
def test_whole_numbers_fill_the_released_ranges(
    recipes, step, argument, ends
) -> None:
    drawn = values(recipes, step, argument)
    assert set(drawn) == set(range(ends[0], ends[1] + 1))


@pytest.mark.parametrize(
    'step, argument, ends',
    [
        ('gaussian_blur', 'sigma', (3, 15)),
        ('motion_blur', 'angle', (0, 360)),
        ('motion_blur', 'direction', (-1, 1)),
    ],
)
def test_real_numbers_fill_the_released_ranges(
    recipes, step, argument, ends
) -> None:
    drawn = (values(recipes, step, argument) - ends[0]) / (ends[1] - ends[0])
    assert 0 <= drawn.min() < 0.05 and 0.95 < drawn.max() <= 1
    assert drawn.mean() == pytest.approx(0.5, abs=0.05)


def test_noise_fields_have_one_std_and_one_or_three_channels(recipes) -> None:
    fields = [a['field'] for r in recipes for n, a in r if n == 'add_noise']
    std = np.array([field.std() for field in fields])
    assert std.min() < 0.5 and 24 < std.max() < 27
    assert std.mean() == pytest.approx(25.5 / 2, abs=1)
    colored = np.array([field.shape[2] == 3 for field in fields])
    assert set(colored) == {True, False}
    assert colored.mean() == pytest.approx(0.5, abs=0.06)
    field = max(fields, key=lambda f: f.shape[2] * f.shape[0])
    shares = field.std((0, 1)) / field.std()
    assert np.abs(shares - 1).max() < 0.1
    assert np.corrcoef(field.reshape(-1, 3).T)[0, 1] < 0.1


def test_ends_that_are_equal_are_drawn_so() -> None:
    ranges = BlindRanges(**ALWAYS | dict(
        gaussian_sigma=(2, 2), window_size=(4, 4), motion_size=(9, 9),
        small_size=(20, 20), noise_std=(0, 0), jpeg_compression=(7, 7),
    ))  # fmt: skip
    draws = np.random.RandomState(0)
    recipes = [ranges.draw_steps(draws, 40) for _ in range(50)]
    assert set(values(recipes, 'gaussian_blur', 'sigma')) == {2}
    assert set(values(recipes, 'median_blur', 'size')) == {4}
    assert set(values(recipes, 'motion_blur', 'size')) == {9}
    assert set(values(recipes, 'resize', 'size')) == {20}
    assert set(values(recipes, 'jpeg', 'compression')) == {7}
    for recipe in recipes:
        (field,) = [step['field'] for name, step in recipe if 'noise' in name]
        assert field.shape[:2] == (20, 20) and not field.any()


@pytest.mark.parametrize(
    'ranges, message',
    [
        (dict(gray_prob=1.1), 'gray_prob inside 0 to 1.*got 1.1'),
        (dict(jpeg_prob=-0.1), 'jpeg_prob inside'),
        (dict(gaussian_sigma=(0, 3)), r'gaussian_sigma above 0, got \(0, 3\)'),
        (dict(window_size=(1, 3)), 'window_size inside 2 to'),
        (dict(motion_size=(9, 5)), r'motion_size .*got \(9, 5\)'),
        (dict(small_size=(16.5, 32)), r'small_size in whole numbers, got'),
        (dict(small_size=(0, 32)), 'small_size inside 1'),
        (dict(noise_std=(1, 2, 3)), r'noise_std .*\(low, high\)'),
        (dict(jpeg_compression=(10, 101)), 'jpeg_compression inside 0 to 100'),
    ],
)
def test_refuses_wrong_ranges(ranges, message) -> None:
    with pytest.raises(ValueError, match=message):
        BlindRanges(**ranges)
