# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""KID against its definition, by another library's kernel."""

import numpy as np
import pytest
from sklearn.metrics.pairwise import polynomial_kernel

from mmfacesr.evaluation.functional import kernel_distance as module
from mmfacesr.evaluation.functional.kernel_distance import kernel_distance


def features(count: int, shift: float, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (rng.normal(shift, 1, (count, 24)) ** 2).astype(np.float32)


def by_definition(first: np.ndarray, second: np.ndarray) -> float:
    """Means over all pairs of two different samples."""

    def kernel(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return polynomial_kernel(x, y, degree=3, gamma=None, coef0=1)

    def of_pairs(x: np.ndarray) -> float:
        return kernel(x, x)[~np.eye(len(x), dtype=bool)].mean()

    between = kernel(first, second).mean()
    return of_pairs(first) + of_pairs(second) - 2 * between


@pytest.mark.parametrize('counts', [(40, 40), (25, 60), (2, 2)])
def test_value_is_that_of_the_definition(counts: tuple) -> None:
    first, second = features(counts[0], 0, 1), features(counts[1], 0.3, 2)
    wanted = by_definition(*(x.astype(np.float64) for x in (first, second)))
    assert kernel_distance(first, second) == pytest.approx(wanted, rel=1e-9)


def test_few_samples_do_not_bias_it() -> None:
    """Two sets of one kind: 0 on average, however small they are."""
    values = [
        kernel_distance(features(8, 0, i), features(8, 0, 1000 + i))
        for i in range(300)
    ]
    error = np.std(values) / len(values) ** 0.5
    assert abs(np.mean(values)) < 3 * error
    assert np.min(values) < 0


def test_many_samples_are_taken_in_subsets(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, 'SUBSET', 50)
    first, second = features(200, 0, 1), features(200, 0.5, 2)
    value = kernel_distance(first, second)
    assert value == kernel_distance(first, second)
    whole = by_definition(first.astype(float), second.astype(float))
    assert value != whole
    assert value == pytest.approx(whole, rel=0.2)


def test_refusals() -> None:
    some = features(5, 0, 1)
    with pytest.raises(ValueError, match='at least 2 samples'):
        kernel_distance(some, some[:1])
    with pytest.raises(ValueError, match=r'\(N, D\) and \(M, D\)'):
        kernel_distance(some, some[:, :3])
