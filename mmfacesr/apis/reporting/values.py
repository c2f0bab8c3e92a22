# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Values of several methods, and which of them are the best."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Optional

import numpy as np

from mmfacesr.apis.comparing.comparison import compare
from mmfacesr.apis.reporting.gathering import Measured
from mmfacesr.evaluation.value_names import digits, larger_is_better, unit

LESS, MORE = '↓', '↑'


@dataclass(frozen=True)
class Value:
    """A value that all evaluations of a page have.

    Attributes:
        name (str): Such as 'rgb/PSNR'.
        columns (list[np.ndarray] | None): (N,) of each method; None of a
            value of the whole set.
        entries (list[dict]): Mean, interval and spread of each method; of
            several, of the faces for which all have a finite value.
        best (int | None): Place of the method with the best mean.
        same (set[int]): Those that cannot be told from it.
    """

    name: str
    columns: Optional[list[np.ndarray]]
    entries: list[dict]
    best: Optional[int] = None
    same: set[int] = field(default_factory=set)

    @property
    def group(self) -> str:
        """Protocol or metric that it belongs to."""
        return self.name.partition('/')[0]

    @property
    def label(self) -> str:
        """Its name below that."""
        return self.name.partition('/')[2] or self.name

    @property
    def digits(self) -> int:
        """Digits behind the point that a person is shown."""
        return digits(self.name)

    @property
    def unit(self) -> str:
        """Its unit, or ''."""
        return unit(self.name)

    @property
    def sign(self) -> int:
        """1 if larger is better, -1 if smaller is, 0 if neither is."""
        larger = larger_is_better(self.name)
        return 0 if larger is None else 1 if larger else -1

    @property
    def arrow(self) -> str:
        """Where better values lie."""
        return {1: MORE, -1: LESS, 0: ''}[self.sign]

    def text(self, number: Optional[float]) -> str:
        """A number as a person reads it."""
        if number is None or np.isnan(number):
            return '–'
        return '∞' if np.isinf(number) else f'{number:.{self.digits}f}'

    def goodness(self, place: int) -> np.ndarray:
        """(N,) values of a method, larger is better."""
        return self.columns[place] * (self.sign or 1)


def common_values(
    found: Sequence[Measured],
) -> tuple[list[Value], dict[str, str]]:
    """Values that all evaluations have, in the order of the first.

    Returns:
        tuple: The values, and protocol or metric -> what it compares.

    Raises:
        ValueError: If evaluations mean different things by one name.
    """
    if len(found) == 1:
        summary = found[0].evaluation.summary
        entries = {name: [v] for name, v in summary['values'].items()}
        return _values(found, entries, {}), summary['about']
    comparison = compare([one.evaluation for one in found])
    ranks = {value['name']: value for value in comparison['values']}
    entries = {
        name: [method['values'][name] for method in comparison['methods']]
        for name in ranks
    }
    return _values(found, entries, ranks), comparison['about']


def _values(
    found: Sequence[Measured],
    entries: dict[str, list[dict]],
    ranks: dict[str, dict],
) -> list[Value]:
    """Values with their columns and ranks."""
    names = [one.name for one in found]
    tables = [one.evaluation.table.numbers for one in found]
    values = []
    for name, means in entries.items():
        rank = ranks.get(name, {})
        best = rank.get('best')
        columns = [table.get(name) for table in tables]
        values.append(
            Value(
                name,
                None if means[0]['pooled'] else columns,
                means,
                None if best is None else names.index(best),
                {names.index(n) for n in rank.get('like_best', ())},
            )
        )
    return values


def cells(value: Value) -> list[dict]:
    """What the table of values says of each method.

    Returns:
        list[dict]: ``text``, ``interval``, ``best`` and ``same``: whether the
        method cannot be told from the best.
    """
    return [
        dict(
            text=value.text(entry['mean']),
            interval=[value.text(n) for n in entry.get('interval') or ()],
            best=place == value.best,
            same=place in value.same,
        )
        for place, entry in enumerate(value.entries)
    ]


def about_of(group: str, about: dict[str, str]) -> str:
    """What a protocol compares, or the metrics of a name such as LPIPS."""
    said = [
        text
        for key, text in about.items()
        if key == group or key.partition('-')[0].casefold() == group.casefold()
    ]
    return '; '.join(said)


def numbers_for_script(
    values: Sequence[Value], chosen: Value
) -> dict[str, Any]:
    """Numbers of the table of all faces, for its script."""
    single = [v for v in values if v.columns is not None]
    return dict(
        chosen=single.index(chosen),
        values=[
            dict(
                name=v.name,
                digits=v.digits,
                sign=v.sign,
                columns=[
                    [_number(n, v.digits) for n in column.tolist()]
                    for column in v.columns
                ],
            )
            for v in single
        ],
    )


def _number(number: float, digits: int) -> float | str | None:
    """A number that JSON takes."""
    if np.isnan(number):
        return None
    return 'inf' if np.isinf(number) else round(number, digits)
