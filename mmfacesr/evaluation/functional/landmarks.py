# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Heatmaps of landmarks and the errors between landmark sets.

Points are (x, y) in pixels, pixel centers at integers; arrays are NumPy.
"""

from typing import Literal

import numpy as np

from mmfacesr.faces.schemes import (
    INNER_68,
    LEFT_EYE_68,
    LEFT_INNER_EYE_CORNER_68,
    LEFT_OUTER_EYE_CORNER_68,
    RIGHT_EYE_68,
    RIGHT_INNER_EYE_CORNER_68,
    RIGHT_OUTER_EYE_CORNER_68,
)

PointGroup = Literal['all', 'inner']
NMENorm = Literal['inter-ocular', 'inter-pupil', 'shifted-eye-corners']
NRMSENorm = Literal['face-width', 'eye-outer-width', 'eye-distance']
# DIC's scripts use the 1-based numbers of the eye corners on 0-based arrays.
_HISTORIC_SHIFT = 1
CENTROID_REACH = 2
"""Pixels on each side of a maximum that its centroid looks at."""


def decode_heatmaps(
    heatmaps: np.ndarray,
    stride: float = 4,
    method: Literal['argmax', 'quarter', 'centroid'] = 'argmax',
) -> np.ndarray:
    """Read the points out of heatmaps.

    Args:
        heatmaps (np.ndarray): (..., K, h, w), any range.
        stride (float): Image pixels for each heatmap pixel.
        method (str): 'argmax': stride times the place of the maximum.
            'quarter': DIC's evaluation adds a quarter of the stride to each
            coordinate in which the second largest value lies further, and
            subtracts it otherwise, also on a tie. 'centroid': center of mass
            of the positive values of the 5x5 pixels around the maximum.

    Returns:
        np.ndarray: (..., K, 2) float64 x, y in image pixels.

    Raises:
        ValueError: If the method is unknown.
    """
    if method not in ('argmax', 'quarter', 'centroid'):
        raise ValueError(
            "Expected method 'argmax', 'quarter' or 'centroid', got "
            f'{method!r}.'
        )
    width = heatmaps.shape[-1]
    flat = heatmaps.reshape(*heatmaps.shape[:-2], -1)
    best = flat.argmax(-1)
    points = _columns_rows(best, width)
    if method == 'argmax':
        return points * stride
    if method == 'centroid':
        return _centroids(heatmaps, points) * stride
    rest = flat.astype(np.float64)
    np.put_along_axis(rest, best[..., None], -np.inf, -1)
    second = _columns_rows(rest.argmax(-1), width)
    shift = np.where(second > points, 0.25, -0.25)
    return (points + shift) * stride


def _centroids(heatmaps: np.ndarray, peaks: np.ndarray) -> np.ndarray:
    """Centers of mass (..., K, 2) around the peaks (..., K, 2)."""
    height, width = heatmaps.shape[-2:]
    near = [
        (abs(np.arange(size) - peaks[..., axis : axis + 1]) <= CENTROID_REACH)
        for axis, size in ((0, width), (1, height))
    ]
    mass = np.clip(heatmaps.astype(np.float64), 0, None)
    mass = mass * near[0][..., None, :] * near[1][..., :, None]
    total = mass.sum((-2, -1))
    centers = np.stack(
        [
            mass.sum(-2) @ np.arange(width),
            mass.sum(-1) @ np.arange(height),
        ],
        axis=-1,
    )
    # Where nothing is positive the peak itself is the best guess.
    safe = np.where(total > 0, total, 1.0)[..., None]
    return np.where(total[..., None] > 0, centers / safe, peaks)


def _columns_rows(index: np.ndarray, width: int) -> np.ndarray:
    """(...) flat indices -> (..., 2) float64 column, row."""
    return np.stack([index % width, index // width], -1).astype(np.float64)


def nme(
    pred: np.ndarray,
    target: np.ndarray,
    norm: NMENorm = 'inter-ocular',
    points: PointGroup = 'all',
) -> np.ndarray:
    """Mean Euclidean point error over a distance between the true eyes.

    Args:
        pred (np.ndarray): (..., 68, 2) x, y.
        target (np.ndarray): (..., 68, 2) true x, y; the norm
            is read from it.
        norm (str): 'inter-ocular': distance of the outer eye corners 36, 45.
            'inter-pupil': distance of the eye centers. 'shifted-eye-corners':
            distance of points 37 and 46, as in DIC's training log (an index
            slip there).
        points (str): Whose error is averaged. 'all': the 68. 'inner': the
            51 without the jaw line. The norm is the same.

    Returns:
        np.ndarray: (...) float64, at least 0; 0.05 is 5 %.

    Raises:
        ValueError: If the shapes are wrong or differ, or norm or points is
            unknown.
    """
    if points not in ('all', 'inner'):
        raise ValueError(f"Expected points 'all' or 'inner', got {points!r}.")
    pred, target = _checked(pred, target)
    error = np.linalg.norm(pred - target, axis=-1)
    if points == 'inner':
        error = error[..., INNER_68]
    return error.mean(-1) / _eye_distance(target, norm)


def _eye_distance(target: np.ndarray, norm: NMENorm) -> np.ndarray:
    """(..., 68, 2) -> (...) distance that the error is divided by."""
    if norm == 'inter-ocular':
        left = target[..., LEFT_OUTER_EYE_CORNER_68, :]
        right = target[..., RIGHT_OUTER_EYE_CORNER_68, :]
    elif norm == 'inter-pupil':
        left = target[..., LEFT_EYE_68, :].mean(-2)
        right = target[..., RIGHT_EYE_68, :].mean(-2)
    elif norm == 'shifted-eye-corners':
        left = target[..., LEFT_OUTER_EYE_CORNER_68 + _HISTORIC_SHIFT, :]
        right = target[..., RIGHT_OUTER_EYE_CORNER_68 + _HISTORIC_SHIFT, :]
    else:
        raise ValueError(
            "Expected norm 'inter-ocular', 'inter-pupil' or "
            f"'shifted-eye-corners', got {norm!r}."
        )
    return np.linalg.norm(right - left, axis=-1)


def nrmse(
    pred: np.ndarray,
    target: np.ndarray,
    norm: NRMSENorm = 'eye-outer-width',
    historic_indices: bool = False,
) -> np.ndarray:
    """DIC's NRMSE: root of the mean squared point error over a true width.

    The widths are differences of x coordinates, as in DIC's evaluation
    (CVPR 2020), so they shrink when the head is rolled.

    Args:
        pred (np.ndarray): (..., 68, 2) x, y.
        target (np.ndarray): (..., 68, 2) true x, y.
        norm (str): 'face-width': largest minus smallest x. 'eye-outer-width':
            between the outer eye corners. 'eye-distance': between the
            middles of the eye corners.
        historic_indices (bool): Take each corner one index too far, as the
            published figures do. Defaults to False, the true corners.

    Returns:
        np.ndarray: (...) float64.

    Raises:
        ValueError: If the shapes are wrong or differ, or norm is unknown.
    """
    pred, target = _checked(pred, target)
    squared = ((pred - target) ** 2).sum(-1).mean(-1)
    shift = _HISTORIC_SHIFT if historic_indices else 0
    return np.sqrt(squared) / _width(target[..., 0], norm, shift)


def _width(x: np.ndarray, norm: NRMSENorm, shift: int) -> np.ndarray:
    """(..., 68) true x -> (...) width that the error is divided by."""
    if norm == 'face-width':
        return x.max(-1) - x.min(-1)
    left = x[..., LEFT_OUTER_EYE_CORNER_68 + shift]
    right = x[..., RIGHT_OUTER_EYE_CORNER_68 + shift]
    if norm == 'eye-outer-width':
        return right - left
    if norm == 'eye-distance':
        left_inner = x[..., LEFT_INNER_EYE_CORNER_68 + shift]
        right_inner = x[..., RIGHT_INNER_EYE_CORNER_68 + shift]
        return (right + right_inner) / 2 - (left + left_inner) / 2
    raise ValueError(
        "Expected norm 'face-width', 'eye-outer-width' or "
        f"'eye-distance', got {norm!r}."
    )


def _checked(
    pred: np.ndarray, target: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Both as float64, after a check of their shapes."""
    if pred.shape != target.shape or pred.shape[-2:] != (68, 2):
        raise ValueError(
            'Expected pred and target of one shape (..., 68, 2), '
            f'got {pred.shape} and {target.shape}.'
        )
    return pred.astype(np.float64), target.astype(np.float64)
