# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What evaluations have in common: faces, ground truth, values."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

import numpy as np

from mmfacesr.apis.evaluating.evaluation import Evaluation
from mmfacesr.utils import first_few, printable


@dataclass(frozen=True)
class Values:
    """Which values are compared, by name.

    Attributes:
        of_images (list[str]): Values of single images.
        pooled (list[str]): Values of the whole set.
        not_of_all (list[str]): Those that one of the methods lacks.
    """

    of_images: list[str]
    pooled: list[str]
    not_of_all: list[str]


def labels_of(evaluations: Sequence[Evaluation]) -> list[str]:
    """What the methods are called; those of one name are numbered."""
    names = [printable(one.summary['method']) for one in evaluations]
    count, seen = Counter(names), Counter()
    labels = []
    for name in names:
        seen[name] += 1
        numbered = f'{name} ({seen[name]})'
        labels.append(numbered if count[name] > 1 else name)
    return labels


def match_faces(
    labels: Sequence[str], evaluations: Sequence[Evaluation]
) -> list[np.ndarray]:
    """Rows of every table in the order of the first one's faces.

    Raises:
        ValueError: If the faces or their ground truth are not the same; it
            names them.
    """
    first = evaluations[0].table.texts
    truth = dict(zip(first['name'], first['hr_sha256']))
    rows = []
    for label, one in zip(labels, evaluations):
        texts = one.table.texts
        own = dict(zip(texts['name'], texts['hr_sha256']))
        _check_faces(labels[0], truth, label, own)
        place = {name: row for row, name in enumerate(texts['name'])}
        rows.append(np.array([place[name] for name in truth], int))
    return rows


def _check_faces(
    first: str, truth: dict[str, str], second: str, own: dict[str, str]
) -> None:
    """Refuse other faces, or the same of another ground truth."""
    said = [
        f'{len(names)} only in {label} ({first_few(names)})'
        for label, names in (
            (first, truth.keys() - own.keys()),
            (second, own.keys() - truth.keys()),
        )
        if names
    ]
    if said:
        raise ValueError(
            f'Expected the same faces in {first} and {second}, got '
            f'{" and ".join(said)}; evaluate both on one set.'
        )
    other = {name for name in truth if own[name] != truth[name]}
    if other:
        raise ValueError(
            f'Expected the same ground truth in {first} and {second}, got '
            f'other files for {len(other)} of {len(truth)} faces '
            f'({first_few(other)}); evaluate both against one folder.'
        )


def choose_values(
    evaluations: Sequence[Evaluation], patterns: Sequence[str] = ()
) -> Values:
    """Choose the values that all methods have.

    Args:
        evaluations (Sequence[Evaluation]): Of the methods.
        patterns (Sequence[str]): Names, or patterns as of a shell. Defaults
            to none, which takes all.

    Raises:
        ValueError: If a pattern fits no value of all, or none is left.
    """
    everywhere = [
        {n for n, v in e.values.items() if v['pooled'] or n in e.table.numbers}
        for e in evaluations
    ]
    names = list(dict.fromkeys(n for e in evaluations for n in e.values))
    of_all = [n for n in names if all(n in have for have in everywhere)]
    chosen: dict[str, None] = {}
    for pattern in patterns or ['*']:
        found = [name for name in of_all if fnmatchcase(name, pattern)]
        if not found:
            raise ValueError(
                f'Expected values that all methods have, which are '
                f'{", ".join(map(printable, of_all)) or "none"}, got '
                f'{printable(pattern)}; choose of these, or evaluate by the '
                'same protocols and metrics.'
            )
        chosen |= dict.fromkeys(found)
    values = evaluations[0].values
    return Values(
        of_images=[name for name in chosen if not values[name]['pooled']],
        pooled=[name for name in chosen if values[name]['pooled']],
        not_of_all=[n for n in names if not (patterns or n in of_all)],
    )


def common_about(
    labels: Sequence[str],
    evaluations: Sequence[Evaluation],
    names: Sequence[str],
) -> dict[str, str]:
    """What the chosen values compare, protocol or metric -> words.

    Raises:
        ValueError: If two methods say different things of one of them, such
            as another border.
    """
    prefixes = {name.partition('/')[0].casefold() for name in names}
    found: dict[str, str] = {}
    source: dict[str, str] = {}
    for label, one in zip(labels, evaluations):
        for key, text in one.summary['about'].items():
            # The metric 'lpips-alex' has the value 'LPIPS/alex'.
            if key.partition('-')[0].casefold() not in prefixes:
                continue
            if found.setdefault(key, text) != text:
                raise ValueError(
                    f'Expected {key} to be one thing for all, got '
                    f'"{found[key]}" in {source[key]} and "{text}" in '
                    f'{label}; evaluate both in the same way, or leave it '
                    'out by --values.'
                )
            source.setdefault(key, label)
    return found
