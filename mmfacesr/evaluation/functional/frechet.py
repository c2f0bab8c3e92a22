# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Distance between two sets of features."""

from collections.abc import Iterator

import numpy as np

MIN_SAMPLES = 2  # a covariance needs them
BLOCK = 4096  # rows that are taken at once


def frechet_distance(first: np.ndarray, second: np.ndarray) -> float:
    """Compute |m1 - m2|^2 + tr(C1) + tr(C2) - 2 tr sqrt(C1 C2).

    m and C are mean and sample covariance of a set. With C = R^T R the last
    trace is the sum of the singular values of R1 R2^T: real, and exact also
    for fewer samples than features, where a matrix square root of C1 C2 is
    neither.

    Source: Heusel et al., NeurIPS 2017 (FID). Differs: none.

    Args:
        first (np.ndarray): (N, D), one row a sample.
        second (np.ndarray): (M, D).

    Returns:
        float: At least 0.

    Raises:
        ValueError: If the shapes do not go together, a set has less than two
            samples, or a feature is not finite.
    """
    _check(first, second)
    mean_1, root_1 = _mean_and_root(first)
    mean_2, root_2 = _mean_and_root(second)
    singular = np.linalg.svd(root_1 @ root_2.T, compute_uv=False)
    distance = (
        np.sum((mean_1 - mean_2) ** 2)
        + np.sum(root_1**2)
        + np.sum(root_2**2)
        - 2 * np.sum(singular)
    )
    return max(0.0, float(distance))


def _check(first: np.ndarray, second: np.ndarray) -> None:
    """Refuse what has no distance."""
    if not first.ndim == second.ndim == 2 or first.shape[1] != second.shape[1]:
        raise ValueError(
            'Expected features of shape (N, D) and (M, D), got '
            f'{first.shape} and {second.shape}.'
        )
    if min(len(first), len(second)) < MIN_SAMPLES:
        raise ValueError(
            f'Expected at least {MIN_SAMPLES} samples in each set, got '
            f'{len(first)} and {len(second)}.'
        )
    if not all(
        np.isfinite(block).all()
        for features in (first, second)
        for block in _blocks(features)
    ):
        raise ValueError('Expected finite features, got NaN or infinity.')


def _blocks(features: np.ndarray) -> Iterator[np.ndarray]:
    """Parts of a set, which may be larger than the memory."""
    for start in range(0, len(features), BLOCK):
        yield features[start : start + BLOCK]


def _mean_and_root(features: np.ndarray) -> 'tuple[np.ndarray, np.ndarray]':
    """Mean (D,) and R (min(N, D), D) with R^T R = covariance, float64."""
    mean = features.mean(axis=0, dtype=np.float64)
    root = np.empty((0, features.shape[1]))
    for block in _blocks(features):
        rows = np.concatenate([root, block.astype(np.float64) - mean])
        root = np.linalg.qr(rows, mode='r')
    return mean, root / np.sqrt(len(features) - 1)
