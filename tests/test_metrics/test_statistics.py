# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Intervals by known truth, tests by hand."""

import warnings

import numpy as np
import pytest

from mmfacesr.evaluation.statistics import (
    compare_paired,
    detectable_difference,
    detectable_unpaired,
    holm,
    judge,
    mean_interval,
)

SETS, IMAGES, SHAPE = 1000, 50, 4.0
DRAWS = {
    'normal': (lambda rng: rng.normal(25, 2, IMAGES), 25),
    'skewed': (lambda rng: rng.gamma(SHAPE, 1, IMAGES), SHAPE),
}


@pytest.fixture(autouse=True)
def no_warnings():
    """Whatever is special about the values, nothing warns."""
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        # Files that other tests left open may be collected just now.
        warnings.simplefilter('ignore', ResourceWarning)
        yield


@pytest.mark.parametrize('kind', DRAWS)
@pytest.mark.parametrize(
    'draws', [1000, pytest.param(10_000, marks=pytest.mark.slow)]
)
def test_interval_holds_the_truth(kind: str, draws: int) -> None:
    """Of 1,000 sets, 93 to 97 %; the plain BCa bootstrap has fewer."""
    draw, truth = DRAWS[kind]
    rng = np.random.default_rng(5)
    bounds = [mean_interval(draw(rng), draws) for _ in range(SETS)]
    held = np.mean([low <= truth <= high for low, high in bounds])
    assert 0.93 <= held <= 0.97


def test_interval_of_many_is_students_and_meets_the_bootstrap() -> None:
    values = np.random.default_rng(1).gamma(SHAPE, 1, 200_000)
    low, high = mean_interval(values)
    half = 1.96 * values.std() / np.sqrt(len(values))
    expected = (values.mean() - half, values.mean() + half)
    assert (low, high) == pytest.approx(expected, rel=1e-6)
    student, bootstrap = (mean_interval(values[:n]) for n in (5001, 5000))
    assert bootstrap == pytest.approx(student, abs=0.005)


@pytest.mark.parametrize(
    'values, expected',
    [
        ([], None),
        ([3.0], None),
        ([3.0] * 9, (3, 3)),
        ([0.0] * 9, (0, 0)),
        ([0.2 + 1e-16 * i for i in range(9)], (0.2, 0.2)),
        ([1.0, 2.0], (1, 2)),
    ],
)
def test_interval_of_special_values(values: list, expected: tuple) -> None:
    found = mean_interval(np.array(values))
    assert found == (expected and pytest.approx(expected))


def test_holm_by_hand() -> None:
    """4 x 0.01, 3 x 0.02 = 0.06, then never below that; at most 1."""
    assert holm([0.04, 0.01, 0.03, 0.02]) == pytest.approx(
        [0.06, 0.04, 0.06, 0.06]
    )
    assert holm([0.9, 0.5]) == [1, 1]
    assert holm([0.03]) == [0.03]
    assert holm([]) == []


def test_wilcoxon_by_hand() -> None:
    """Ranks 1, 2, 4, 5 above and 3 below: W = 3, and 5 of 32 have no less.

    Sums of at most 3 of the ranks 1 to 5: {}, {1}, {2}, {3}, {1, 2}.
    """
    found = compare_paired([11, 12, 7, 14, 15], [10] * 5)
    assert found.mean == pytest.approx(1.8)
    assert found.p == pytest.approx(2 * 5 / 32)
    assert found.ranks == pytest.approx((12 - 3) / 15)
    assert (found.images, found.left_out, found.equal) == (5, 0, 0)
    other = compare_paired([10] * 5, [11, 12, 7, 14, 15])
    assert (other.mean, other.p) == pytest.approx((-1.8, found.p))
    assert other.ranks == -found.ranks


def test_equal_pairs_do_not_count_in_the_test() -> None:
    """Six gains of one size: 2 of 64 signs are as extreme."""
    found = compare_paired(
        np.r_[np.full(6, 3.0), np.zeros(9)], np.r_[np.full(6, 2.0), [0.0] * 9]
    )
    assert found.p == pytest.approx(2 / 64)
    assert (found.images, found.equal, found.ranks) == (15, 9, 1)
    assert found.mean == pytest.approx(6 / 15)


def test_values_that_are_not_finite_are_left_out_and_counted() -> None:
    first = np.array([1, 2, np.inf, np.inf, np.nan, np.nan, 5])
    second = np.array([1, 1, np.inf, 9, np.nan, 2, np.inf])
    found = compare_paired(first, second)
    assert (found.images, found.left_out, found.equal) == (2, 5, 3)
    assert found.mean == 0.5 and not found.is_identical
    assert compare_paired(first, first).is_identical
    nothing = compare_paired([np.inf], [1.0])
    assert (nothing.mean, nothing.interval, nothing.p) == (None, None, 1)
    assert judge(nothing, 1, True) == 'not distinguishable'


@pytest.mark.parametrize('count', [1, 2, 5, 20, 60])
def test_a_method_is_identical_to_itself(count: int) -> None:
    values = np.random.default_rng(2).normal(25, 2, count)
    found = compare_paired(values, values)
    assert judge(found, holm([found.p])[0], True) == 'identical'
    assert found.p == 1 and found.mean == 0


@pytest.mark.parametrize('size', [1e-9, 1e-3, 0.1])
def test_noise_is_not_distinguishable(size: float) -> None:
    """By chance, 5 % of sets are; Holm over all of them leaves none."""
    rng = np.random.default_rng(3)
    base = rng.normal(25, 2, (40, 1, IMAGES))
    noisy = base + rng.normal(0, size, base.shape)
    found = [compare_paired(a[0], b[0]) for a, b in zip(noisy, base)]
    single = [judge(one, one.p, True) for one in found]
    assert single.count('not distinguishable') >= 35
    together = holm([one.p for one in found])
    said = {judge(one, p, True) for one, p in zip(found, together)}
    assert said == {'not distinguishable'}


def test_a_fifth_of_a_decibel_is_distinguishable() -> None:
    """Of methods whose images differ by 0.3 dB in either direction."""
    rng = np.random.default_rng(4)
    base = rng.normal(25, 2, IMAGES)
    found = compare_paired(base + 0.2 + rng.normal(0, 0.3, IMAGES), base)
    adjusted = holm([found.p, *[1] * 9])[0]
    assert judge(found, adjusted, True) == 'better'
    assert judge(found, adjusted, False) == 'worse'
    assert judge(found, adjusted, None) == 'different'
    assert judge(found, 0.05, True) == 'not distinguishable'
    # The same difference is lost between the faces if it is not paired.
    assert found.detectable < 0.2 < detectable_unpaired(base)


def test_a_shift_of_all_images_is_seen_as_one_value() -> None:
    base = np.random.default_rng(6).normal(25, 2, IMAGES)
    found = compare_paired(base + 0.2, base)
    assert found.interval == pytest.approx((0.2, 0.2))
    assert judge(found, found.p, True) == 'better'


def test_mean_and_ranks_must_agree() -> None:
    """15 of 100 gain a lot, the others lose a little."""
    gains = np.r_[np.full(15, 10.0), np.linspace(-1, -0.5, 85)]
    found = compare_paired(gains, np.zeros(100))
    assert found.interval[0] > 0 > found.ranks and found.p < 0.05
    assert judge(found, found.p, True) == 'not distinguishable'


def test_a_mean_that_one_image_decides_is_not_told() -> None:
    """40 gains of 1 and one loss of 30: the ranks are sure, the mean not."""
    gains = np.r_[np.ones(40), -30]
    found = compare_paired(gains, np.zeros(41))
    assert found.mean > 0 and found.ranks > 0 and found.p < 1e-6
    assert judge(found, found.p, True) == 'not distinguishable'


@pytest.mark.parametrize('tests, quantile', [(1, 1.960), (10, 2.807)])
def test_detectable_difference_is_found_in_four_of_five(
    tests: int, quantile: float
) -> None:
    """By a normal test at 5 %, or at 5 % over the number of tests."""
    rng = np.random.default_rng(7)
    values = rng.normal(0, 1, IMAGES)
    values = (values - values.mean()) / values.std(ddof=1)
    true = detectable_difference(values, tests)
    sets = rng.normal(true, 1, (2000, IMAGES))
    found = np.abs(sets.mean(1)) * np.sqrt(IMAGES) > quantile
    assert found.mean() == pytest.approx(0.8, abs=0.03)


def test_unpaired_detectable_difference_by_hand() -> None:
    """(1.960 + 0.842) x sqrt(2 / N) x spread."""
    values = np.array([1.0, 2, 3, 4, 5])
    by_hand = (1.959964 + 0.841621) * np.sqrt(2 / 5) * values.std(ddof=1)
    assert detectable_unpaired(values) == pytest.approx(by_hand, rel=1e-6)
    assert detectable_unpaired(values[:1]) is None


def test_values_of_other_images_are_refused() -> None:
    with pytest.raises(ValueError, match=r'\(2,\) and \(3,\)'):
        compare_paired([1, 2], [1, 2, 3])
