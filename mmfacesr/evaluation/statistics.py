# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""How sure a mean over images is, and a difference of two such means."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Optional

import numpy as np
from scipy import stats

LEVEL = 0.05
CONFIDENCE = 1 - LEVEL
DRAWS = 10_000
SEED = 0
POWER = 0.8
MOST_RESAMPLED = 5_000
"""Images above which the interval is Student's; the two agree there."""
MOST_SURE = 1 - 1e-9  # of two images, all that was drawn
IN_MEMORY = 2**20  # resampled values at once; the interval does not change
EQUAL_DIGITS = 1e-9  # values this close, of their size, have no spread
PLACES = 12  # of a difference: the noise of float64 lies behind them

Interval = tuple[float, float]
Verdict = Literal[
    'identical', 'not distinguishable', 'better', 'worse', 'different'
]


def mean_interval(values: np.ndarray, draws: int = DRAWS) -> Interval | None:
    """Bounds that hold the mean of all such images with 95 %.

    BCa bootstrap of 10,000 draws with seed 0. Of few images the bootstrap is
    too narrow, as the standard normal interval is; its level is raised to
    that of Student's quantile. Above 5,000 images Student's interval, to
    which it converges.

    Source: Efron, Better Bootstrap Confidence Intervals, JASA 1987; the level
    from Hesterberg, What Teachers Should Know About the Bootstrap, The
    American Statistician 2015.

    Args:
        values (np.ndarray): (N,) finite values of single images.
        draws (int): Of the bootstrap. Defaults to 10,000.

    Returns:
        tuple[float, float] | None: Lower and upper bound; None of fewer than
        two images. Equal values give their own value twice.
    """
    values = np.asarray(values, np.float64)
    count = len(values)
    if count < 2:
        return None
    # Resampling values that differ by rounding alone divides 0 by 0.
    if np.allclose(values, values[0], rtol=EQUAL_DIGITS, atol=0):
        return float(values.min()), float(values.max())
    student = stats.t.isf(LEVEL / 2, count - 1)
    if count > MOST_RESAMPLED:
        error = student * stats.sem(values)
        return float(values.mean() - error), float(values.mean() + error)
    expanded = student * np.sqrt(count / (count - 1))
    found = stats.bootstrap(
        (values,),
        np.mean,
        n_resamples=draws,
        batch=max(1, IN_MEMORY // count),
        confidence_level=min(1 - 2 * stats.norm.sf(expanded), MOST_SURE),
        method='BCa',
        random_state=np.random.default_rng(SEED),
    ).confidence_interval
    return float(found.low), float(found.high)


def detectable_difference(values: np.ndarray, tests: int = 1) -> float | None:
    """Smallest true mean that a test of so many values finds, mostly.

    Of paired differences between two methods: the difference that a
    two-sided test at 5 % finds in 80 % of cases (normal approximation).

    Args:
        values (np.ndarray): (N,) finite.
        tests (int): Tests that share the 5 %. Holm's method asks at most
            this of any of them. Defaults to 1.

    Returns:
        float | None: At least 0; None of fewer than two.
    """
    if len(values) < 2:
        return None
    level = LEVEL / tests
    quantiles = stats.norm.isf((level / 2, 1 - POWER)).sum()
    return float(quantiles * stats.sem(values))


def detectable_unpaired(values: np.ndarray) -> float | None:
    """Smallest difference to a second method on as many other images.

    A single evaluation does not know its partner. What its images can show
    is defined only with an assumption: a partner of the same spread, whose
    images are others. On the same images the values of two methods go
    together and the difference that can be shown is smaller, often by far;
    :func:`compare_paired` has it. So this is what may be told without
    pairing, such as of a mean that a paper states.

    Args:
        values (np.ndarray): (N,) finite values of single images.

    Returns:
        float | None: At least 0; None of fewer than two.
    """
    one = detectable_difference(values)
    return None if one is None else one * float(np.sqrt(2))


@dataclass(frozen=True)
class PairedDifference:
    """What the same images say of two methods, first minus second.

    Attributes:
        mean (float | None): Mean difference; None without images.
        interval (tuple[float, float] | None): Of :func:`mean_interval`; None
            of fewer than two images.
        p (float): Of Wilcoxon's signed-rank test, two-sided, in [0, 1]; equal
            pairs do not count in it. 1 if there are no others.
        ranks (float): Rank-biserial correlation in [-1, 1]: 1 if the first is
            larger in all images, -1 if in none, 0 if neither.
        images (int): Pairs of finite values; all of the above are of these.
        left_out (int): Other pairs.
        equal (int): Pairs of equal values, infinite and missing ones too.
        detectable (float | None): Of :func:`detectable_difference`.
    """

    mean: Optional[float]
    interval: Optional[Interval]
    p: float
    ranks: float
    images: int
    left_out: int
    equal: int
    detectable: Optional[float]

    @property
    def is_identical(self) -> bool:
        """Whether all pairs are equal."""
        return self.equal == self.images + self.left_out


def compare_paired(
    first: np.ndarray, second: np.ndarray, tests: int = 1
) -> PairedDifference:
    """Compare the values that two methods have on the same images.

    Source: Wilcoxon, Individual Comparisons by Ranking Methods, 1945; Kerby,
    The Simple Difference Formula, 2014 (rank-biserial correlation).

    Args:
        first (np.ndarray): (N,) values of single images, maybe infinite or
            NaN.
        second (np.ndarray): (N,) of the same images in the same order.
        tests (int): See :func:`detectable_difference`. Defaults to 1.

    Raises:
        ValueError: If the shapes differ.
    """
    first, second = (np.asarray(v, np.float64) for v in (first, second))
    if first.shape != second.shape:
        raise ValueError(
            f'Expected values of the same images, got {first.shape} and '
            f'{second.shape}; match them by name.'
        )
    finite = np.isfinite(first) & np.isfinite(second)
    same = (first == second) | (np.isnan(first) & np.isnan(second))
    found = np.round(first[finite] - second[finite], PLACES)
    p, ranks = _signed_ranks(found[found != 0])
    return PairedDifference(
        mean=float(found.mean()) if len(found) else None,
        interval=mean_interval(found),
        p=p,
        ranks=ranks,
        images=len(found),
        left_out=len(first) - len(found),
        equal=int(same[~finite].sum() + (found == 0).sum()),
        detectable=detectable_difference(found, tests),
    )


def _signed_ranks(differences: np.ndarray) -> tuple[float, float]:
    """Wilcoxon's p and the rank-biserial correlation, no zeros."""
    if not len(differences):
        return 1.0, 0.0
    ranks = stats.rankdata(np.abs(differences))
    correlation = np.sign(differences) @ ranks / ranks.sum()
    return float(stats.wilcoxon(differences).pvalue), float(correlation)


def holm(p: Sequence[float]) -> list[float]:
    """Adjust p-values for being many.

    Source: Holm, A Simple Sequentially Rejective Multiple Test Procedure,
    Scandinavian Journal of Statistics 1979.

    Args:
        p (Sequence[float]): Of all tests of a table, each in [0, 1].

    Returns:
        list[float]: In their order. Those below 0.05 hold together: the
        chance that any of them is wrong is at most 5 %.
    """
    order = np.argsort(p, kind='stable')
    factors = np.arange(len(p), 0, -1)
    adjusted = np.empty(len(p))
    adjusted[order] = np.maximum.accumulate(factors * np.take(p, order))
    return np.minimum(adjusted, 1).tolist()


def judge(
    found: PairedDifference, adjusted: float, larger_is_better: bool | None
) -> Verdict:
    """Say of the first method what may be said.

    It is distinguishable from the second if both the ranks and the mean show
    it, in the same direction: the adjusted p is below 5 %, and the interval
    leaves out 0. (A few large gains may outweigh many small losses in the
    mean; the ranks then say the opposite.)

    Args:
        found (PairedDifference): First minus second.
        adjusted (float): Its p of :func:`holm`.
        larger_is_better (bool | None): None if that is not known.

    Returns:
        Verdict: 'different' if it is distinguishable and the direction is
        not known.
    """
    if found.is_identical:
        return 'identical'
    if found.interval is None or adjusted >= LEVEL:
        return 'not distinguishable'
    low, high = found.interval
    if low <= 0 <= high or found.mean * found.ranks <= 0:
        return 'not distinguishable'
    if larger_is_better is None:
        return 'different'
    return 'better' if (low > 0) == larger_is_better else 'worse'
