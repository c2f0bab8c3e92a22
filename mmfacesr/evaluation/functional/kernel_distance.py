# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Distance between two sets of features that few samples do not bias."""

import numpy as np

SUBSET = 1000  # samples
SUBSETS = 100
SEED = 0


def kernel_distance(first: np.ndarray, second: np.ndarray) -> float:
    """Squared maximum mean discrepancy by the kernel (x.y / D + 1)^3.

    Unbiased, so it is near 0 for two sets of one kind, and may lie below. Up
    to 1,000 samples it is that of the whole sets; of more, the mean over 100
    random subsets of 1,000, which a fixed seed draws.

    Source: Binkowski et al., ICLR 2018 (KID). Differs: subsets of small sets
    are the whole sets, so there is one.

    Args:
        first (np.ndarray): (N, D), one row a sample.
        second (np.ndarray): (M, D).

    Raises:
        ValueError: If the shapes do not go together, or a set has less than
            two samples.
    """
    if first.ndim != 2 or first.shape[1:] != second.shape[1:]:
        raise ValueError(
            'Expected features of shape (N, D) and (M, D), got '
            f'{first.shape} and {second.shape}.'
        )
    size = min(len(first), len(second), SUBSET)
    if size < 2:
        raise ValueError(
            'Expected at least 2 samples in each set, got '
            f'{len(first)} and {len(second)}.'
        )
    if max(len(first), len(second)) <= SUBSET:
        return _unbiased(first, second)
    rng = np.random.default_rng(SEED)
    return float(
        np.mean(
            [
                _unbiased(*(x[rng.choice(len(x), size, False)] for x in pair))
                for pair in [(first, second)] * SUBSETS
            ]
        )
    )


def _unbiased(first: np.ndarray, second: np.ndarray) -> float:
    """Means of the kernel within the sets minus twice that between them."""
    first, second = first.astype(np.float64), second.astype(np.float64)
    within = 0.0
    for x in (first, second):
        kernel = _kernel(x, x)
        pairs = len(x) * (len(x) - 1)
        within += (kernel.sum() - np.trace(kernel)) / pairs
    return float(within - 2 * _kernel(first, second).mean())


def _kernel(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """(N, D), (M, D) -> (N, M)."""
    return (x @ y.T / x.shape[1] + 1) ** 3
