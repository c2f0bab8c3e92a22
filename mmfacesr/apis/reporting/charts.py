# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Coordinates of drawings; the template draws them as SVG."""

from collections.abc import Sequence
from typing import Any, Optional

import numpy as np

BINS = 24
WIDTH = 320  # units of a drawing
ROW = 44  # height of the bars of one method
SIDE = 320  # of a scatter plot
MARGIN = 44  # of a scatter plot, for its labels
TICKS = 5


def ticks(low: float, high: float) -> list[float]:
    """A few round numbers between two."""
    from matplotlib.ticker import MaxNLocator

    places = MaxNLocator(TICKS).tick_values(low, high)
    return [float(p) for p in places if low <= p <= high]


class Axis:
    """Leads numbers to places.

    Args:
        values (np.ndarray): Finite numbers that are to fit.
        start (float): Place of the smallest.
        stop (float): Place of the largest.
    """

    def __init__(self, values: np.ndarray, start: float, stop: float) -> None:
        low, high = float(values.min()), float(values.max())
        if low == high:  # all equal: in the middle
            width = abs(low) * 0.01 or 1.0
            low, high = low - width, high + width
        self.low, self.high = low, high
        self.start, self.stop = start, stop

    def __call__(self, value: float) -> float:
        """The place of a number."""
        share = (float(value) - self.low) / (self.high - self.low)
        return round(self.start + share * (self.stop - self.start), 2)

    def ticks(self, digits: int) -> list[dict]:
        """Places of round numbers and their texts."""
        found = ticks(self.low, self.high)
        return [
            dict(at=self(t), text=f'{t:.{digits}f}'.rstrip('0').rstrip('.'))
            if digits
            else dict(at=self(t), text=f'{t:.0f}')
            for t in found
        ]


def histograms(
    columns: Sequence[np.ndarray],
    intervals: Sequence[Optional[Sequence[float]]],
    digits: int,
) -> Optional[dict[str, Any]]:
    """Bars of every method above each other, on one axis.

    Args:
        columns (Sequence[np.ndarray]): (N,) values of each method; those that
            are not finite are left out.
        intervals (Sequence): Bounds of the mean of each, or None.
        digits (int): Behind the point, of the labels.

    Returns:
        dict | None: ``width``, ``height``, ``ticks`` and ``rows``, each with
        ``bars``, ``mean`` and ``interval``; None without any value.
    """
    columns = [values[np.isfinite(values)] for values in columns]
    every = np.concatenate(columns)
    if not len(every):
        return None
    axis = Axis(every, 4, WIDTH - 4)
    edges = np.linspace(axis.low, axis.high, BINS + 1)
    counts = [np.histogram(values, edges)[0] for values in columns]
    most = max(max(c.max() for c in counts), 1)
    rows = [
        _row(place, count, values, interval, axis, edges, most)
        for place, (count, values, interval) in enumerate(
            zip(counts, columns, intervals)
        )
    ]
    height = ROW * len(rows)
    return dict(
        width=WIDTH, height=height, ticks=axis.ticks(digits), rows=rows
    )


def _row(
    place: int,
    counts: np.ndarray,
    values: np.ndarray,
    interval: Optional[Sequence[float]],
    axis: Axis,
    edges: np.ndarray,
    most: int,
) -> dict[str, Any]:
    """The bars of one method."""
    bottom = ROW * (place + 1)
    width = round((axis.stop - axis.start) / BINS - 1, 2)
    bars = []
    for count, edge in zip(counts, edges):
        height = round(float(count) / most * (ROW - 10), 2)
        if count:
            bars.append((axis(edge), bottom - height, width, height))
    return dict(
        bars=bars,
        bottom=bottom,
        top=bottom - ROW + 6,
        mean=axis(values.mean()) if len(values) else None,
        interval=interval and [axis(bound) for bound in interval],
    )


def scatter(
    a: np.ndarray, b: np.ndarray, digits: int
) -> Optional[dict[str, Any]]:
    """A point for each face: one method to the right, another one upward.

    Args:
        a (np.ndarray): (N,) values of the method to the right.
        b (np.ndarray): (N,) values of the method upward.
        digits (int): Behind the point, of the labels.

    Returns:
        dict | None: ``points`` as x, y and row of the table, ``x_ticks``,
        ``y_ticks``, ``side`` and ``margin``; None without any value.
    """
    both = np.flatnonzero(np.isfinite(a) & np.isfinite(b))
    if not len(both):
        return None
    every = np.concatenate([a[both], b[both]])
    right = Axis(every, MARGIN + 6, SIDE - 6)
    up = Axis(every, SIDE - MARGIN - 6, 6)
    return dict(
        side=SIDE,
        margin=MARGIN,
        x_ticks=right.ticks(digits),
        y_ticks=up.ticks(digits),
        diagonal=(
            right(right.low),
            up(up.low),
            right(right.high),
            up(up.high),
        ),
        points=[(right(a[i]), up(b[i]), int(i)) for i in both],
    )
