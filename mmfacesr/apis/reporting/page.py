# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The page: what it says, put into its template."""

import os
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, Optional

import numpy as np

from mmfacesr.apis.reporting import charts
from mmfacesr.apis.reporting.choosing import (
    SHOWN,
    Group,
    best_median_worst,
    in_turn,
    largest_differences,
)
from mmfacesr.apis.reporting.faces import (
    FaceReader,
    embed_faces,
    landmark_finder,
    make_strips,
)
from mmfacesr.apis.reporting.facts import facts_table, sentence
from mmfacesr.apis.reporting.gathering import Measured, gather
from mmfacesr.apis.reporting.pictures import legend_uri
from mmfacesr.apis.reporting.template import fill_template
from mmfacesr.apis.reporting.values import (
    Value,
    about_of,
    cells,
    common_values,
    numbers_for_script,
)
from mmfacesr.utils import printable, write_atomic

PAGE = 'report.html'


def write_report(
    evaluations: Sequence[str | os.PathLike],
    out: str | os.PathLike,
    *,
    count: int = SHOWN,
    by: Optional[str] = None,
    reference: Optional[str] = None,
    landmarks: bool = False,
) -> Path:
    """Write one page about evaluations of the same faces.

    Args:
        evaluations (Sequence[str | os.PathLike]): Their folders.
        out (str | os.PathLike): The page, or a folder for it.
        count (int): Faces at full size; those of the largest difference come
            on top. Defaults to 12.
        by (str, optional): Value that faces are chosen by. Defaults to the
            first one of single images.
        reference (str, optional): Method that the others are compared with,
            and whose best and worst faces are shown. Defaults to the first.
        landmarks (bool): Whether to find landmarks in those faces. Defaults
            to False.

    Returns:
        Path: The page.

    Raises:
        FileNotFoundError: If one is no evaluation.
        ValueError: If they do not go together, or there is no such value or
            method.
        ImportError: If landmarks are asked for and MediaPipe is missing.
    """
    out = Path(out)
    if out.is_dir() or out.suffix.lower() not in {'.html', '.htm'}:
        out = out / PAGE
    found = _reference_first(gather(evaluations), reference)
    write_atomic(out, render(found, count, by, landmarks).encode())
    return out


def render(
    found: Sequence[Measured],
    count: int = SHOWN,
    by: Optional[str] = None,
    landmarks: bool = False,
) -> str:
    """The text of a page.

    Args:
        found (Sequence[Measured]): The first is the reference.
        count (int): As of :func:`write_report`.
        by (str, optional): As of :func:`write_report`.
        landmarks (bool): As of :func:`write_report`.
    """
    values, about = common_values(found)
    chosen = _choose(values, by)
    finder = landmark_finder() if landmarks else None
    reader = FaceReader(found)
    names = [printable(n) for n in found[0].evaluation.table.names]
    groups, pairs = _groups(chosen, [one.name for one in found], count)
    shown, end = embed_faces(reader, in_turn(groups), finder)
    strips = make_strips(reader, len(names))
    return fill_template(
        methods=[one.name for one in found],
        sentence=sentence(found),
        trouble=reader.trouble(),
        protocols=_protocols(values, about),
        by=chosen,
        names=names,
        groups=[group for group in groups if group.places],
        shown=shown,
        layers=_layers(found, shown),
        end=end,
        legend=legend_uri(),
        pairs=pairs,
        with_landmarks=landmarks,
        strips=strips,
        data=numbers_for_script(values, chosen),
        facts=facts_table(found),
        statistics=found[0].evaluation.summary['statistics'],
    )


def _reference_first(
    found: list[Measured], reference: Optional[str]
) -> list[Measured]:
    """Put the method that others are compared with in front."""
    if reference is None:
        return found
    fits = [
        one
        for one in found
        if reference == one.name or Path(reference) == one.folder
    ]
    if not fits:
        raise ValueError(
            f'Expected a reference of {", ".join(m.name for m in found)}, '
            f'got {printable(reference)}; give a name or a folder.'
        )
    return [fits[0], *(one for one in found if one is not fits[0])]


def _choose(values: Sequence[Value], by: Optional[str]) -> Value:
    """The value of single images that faces are chosen by."""
    single = {v.name: v for v in values if v.columns is not None}
    if not single or (by is not None and by not in single):
        raise ValueError(
            f'Expected a value of single images that all evaluations have, '
            f'of {", ".join(single) or "none"}, got {by}; evaluate again '
            'with the protocol or metric that is missing.'
        )
    return next(iter(single.values())) if by is None else single[by]


def _groups(
    by: Value, names: Sequence[str], count: int
) -> tuple[list[Group], list[dict]]:
    """Faces that are shown, and each method beside the reference."""
    groups = best_median_worst(by.goodness(0), count)
    if len(names) > 1:
        for group in groups:
            group.title += f' of {names[0]}'
    pairs = []
    for place, name in enumerate(names[1:], 1):
        a, b = by.columns[0], by.columns[place]
        with np.errstate(invalid='ignore'):  # two identical: inf - inf
            gain = by.goodness(0) - by.goodness(place)
        far = largest_differences(gain, names[0], name)
        for group in far:
            group.marks = [
                f'{by.text(abs(gain[p]))} {by.unit}'.strip()
                for p in group.places
            ]
        groups += far
        pairs.append(
            dict(
                name=name,
                place=place,
                plot=charts.scatter(a, b, by.digits),
                far=far,
                ahead=int((gain > 0).sum()),
                behind=int((gain < 0).sum()),
                equal=len(gain) - int((gain > 0).sum() + (gain < 0).sum()),
            )
        )
    return groups, pairs


def _protocols(
    values: Sequence[Value], about: dict[str, str]
) -> list[dict[str, Any]]:
    """Values by protocol, with what each compares."""
    return [
        dict(
            name=name,
            about=about_of(name, about),
            rows=[
                dict(value=v, cells=cells(v), drawing=_histograms(v))
                for v in members
            ],
        )
        for name, members in groupby(values, lambda value: value.group)
    ]


def _histograms(value: Value) -> Optional[dict[str, Any]]:
    """The distributions of a value of single images."""
    if value.columns is None:
        return None
    intervals = [entry.get('interval') for entry in value.entries]
    return charts.histograms(value.columns, intervals, value.digits)


def _layers(
    found: Sequence[Measured], shown: dict[int, dict]
) -> list[tuple[str, str]]:
    """Layer -> what it is called, of those that are there."""
    named = {'input': 'Input', 'bicubic': 'Input, bicubic'}
    for place, one in enumerate(found):
        named[f'sr-{place}'] = one.name
    named['hr'] = 'Ground truth'
    for place, one in enumerate(found):
        named[f'error-{place}'] = f'Error of {one.name}'
    there = {layer for face in shown.values() for layer in face['layers']}
    return [(k, text) for k, text in named.items() if k in there]
