# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Which faces a page shows at their full size."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

import numpy as np

SHOWN = 12
"""Faces that a page shows at their full size, unless told otherwise."""
EACH_WAY = 3
"""Faces of the largest difference, for each of two methods."""


@dataclass
class Group:
    """Faces with something in common.

    Attributes:
        title (str): What that is.
        places (list[int]): Their rows in the table, most telling first.
        marks (list[str]): What is said of each.
    """

    title: str
    places: list[int] = field(default_factory=list)
    marks: list[str] = field(default_factory=list)


def ordered(goodness: np.ndarray) -> list[int]:
    """Rows from the best to the worst; those without a value are left out."""
    known = np.flatnonzero(~np.isnan(goodness))
    return known[np.argsort(-goodness[known], kind='stable')].tolist()


def best_median_worst(goodness: np.ndarray, count: int) -> list[Group]:
    """A third of the faces each from the top, the middle and the end.

    Args:
        goodness (np.ndarray): (N,) values, larger is better; NaN is none.
        count (int): How many in all.

    Returns:
        list[Group]: No face is in two of them.
    """
    order = ordered(goodness)
    each = min(max(count // 3, 1), -(-len(order) // 3))
    best, rest = order[:each], order[each:]
    worst = rest[::-1][:each]
    rest = rest[: len(rest) - len(worst)]
    start = max((len(rest) - each) // 2, 0)
    median = rest[start : start + each]
    groups = [
        Group('Best', best),
        Group('Median', median),
        Group('Worst', worst),
    ]
    for group in groups:
        group.marks = [
            f'rank {order.index(place) + 1} of {len(order)}'
            for place in group.places
        ]
    return [group for group in groups if group.places]


def largest_differences(
    gain: np.ndarray, ahead: str, behind: str
) -> list[Group]:
    """The faces on which two methods differ most, either way.

    Args:
        gain (np.ndarray): (N,) how much better the first is; NaN is unknown.
        ahead (str): The first method.
        behind (str): The second one.
    """
    gain = np.where(np.isfinite(gain), gain, np.nan)
    found = []
    for sign, one, two in ((1, ahead, behind), (-1, behind, ahead)):
        places = ordered(sign * gain)[:EACH_WAY]
        places = [p for p in places if sign * gain[p] > 0]
        if places:
            found.append(Group(f'{one} farthest ahead of {two}', places))
    return found


def in_turn(groups: Sequence[Group]) -> list[int]:
    """All faces once, the first of every group before any second one."""
    columns = zip_longest(*(group.places for group in groups))
    places = (p for column in columns for p in column if p is not None)
    return list(dict.fromkeys(places))
