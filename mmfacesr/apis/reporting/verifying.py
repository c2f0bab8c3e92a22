# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Whether an evaluation is what it says: hashes, means, faces anew."""

import math
import os
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tqdm import tqdm

from mmfacesr.apis.evaluating.evaluation import TABLE, summarize
from mmfacesr.apis.evaluating.folders import run_facts
from mmfacesr.apis.evaluating.measuring import hash_file, measure_pair
from mmfacesr.apis.evaluating.metrics import METRICS
from mmfacesr.apis.reporting.gathering import Measured, read_measured
from mmfacesr.models.protocols import choose_protocols, known_protocols
from mmfacesr.utils import first_few, printable
from mmfacesr.utils.finite import for_json

TOLERANCE = 1e-9
"""Difference of two numbers that is no difference, also relative."""
INTERVALS = ('interval', 'detectable')
"""Parts of a value that another version may compute otherwise."""
IMAGES = 10
"""Faces that are measured anew unless told otherwise."""
WHAT = dict(protocols=list, metrics=list, crop_border=int)
PROGRAMS = ('mmfacesr', 'commit', 'torch', 'numpy', 'scipy', 'skimage')


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Attributes:
        what (str): What it is.
        faults (list[str]): What is wrong with it; empty if nothing is.
    """

    what: str
    faults: list[str]


def verify(
    path: str | os.PathLike, images: int = IMAGES, seed: int = 0
) -> tuple[list[Check], list[str]]:
    """Compute and measure anew what an evaluation says.

    Args:
        path (str | os.PathLike): Folder of an evaluation. Its pictures are
            found from there, as they lay when it was made.
        images (int): Faces to measure. Defaults to 10.
        seed (int): Chooses them. Defaults to 0.

    Returns:
        tuple: The checks, and notes on what may explain differences.

    Raises:
        FileNotFoundError: If there is no evaluation.
        ValueError: If it is something else.
    """
    one = read_measured(path)
    checks = [*_check_summary(one), _check_files(one)]
    checks.append(_check_values(one, images, seed))
    return checks, _notes(one)


def _check_summary(one: Measured) -> Iterator[Check]:
    """What follows from the table alone."""
    summary, table = one.evaluation.summary, one.evaluation.table
    what = _what(one)
    protocols = choose_protocols(what['protocols'], what['crop_border'])
    of_set = {
        name: value['mean']
        for name, value in summary['values'].items()
        if value['pooled'] and name.partition('/')[0] not in protocols
    }
    anew = for_json(summarize(table, protocols, {}, of_set, {}))
    count = len(table.names)
    for key, said in (
        ('list_sha256', f'hash of the list of {count} faces'),
        ('files_sha256', f'hash of the list of {2 * count} files'),
    ):
        yield Check(said, list(_differences(key, summary[key], anew[key])))
    faults = [
        fault
        for key in ('images', 'identical')
        for fault in _differences(key, summary[key], anew[key])
    ]
    for said, wanted in (('means', False), ('intervals', True)):
        stored, now = (
            {
                name: _part(value, wanted)
                for name, value in one['values'].items()
            }
            for one in (summary, anew)
        )
        faults += _differences('values', stored, now)
        yield Check(f'{said} follow from {TABLE}', faults)
        faults = []


def _what(one: Measured) -> dict:
    """What was measured, as arguments of :func:`measure_pair`.

    Raises:
        ValueError: If the evaluation does not say it.
    """
    what = one.evaluation.summary.get('what', {})
    all_names = known_protocols()
    is_whole = {key: type(value) for key, value in what.items()} == WHAT
    if not is_whole or not all(
        isinstance(name, str) and name.partition('=')[0] in known
        for kind, known in (('metrics', METRICS), ('protocols', all_names))
        for name in what[kind]
    ):
        raise ValueError(
            f'Expected an evaluation that says what was measured '
            f'({", ".join(WHAT)}), got another in {printable(one.folder)}; '
            'evaluate again.'
        )
    return what


def _part(value: dict, is_interval: bool) -> dict:
    """The part of a value that is an interval or like it, or the other."""
    return {k: v for k, v in value.items() if (k in INTERVALS) == is_interval}


def _differences(where: str, stored: Any, anew: Any) -> Iterator[str]:
    """What of a stored fact is not what was computed.

    Facts that an older version did not store are left out, but for values.
    """
    if isinstance(stored, dict) and isinstance(anew, dict):
        for key in stored:
            yield from _differences(
                f'{where} {key}', stored[key], anew.get(key)
            )
        if where == 'values':
            for key in anew.keys() - stored.keys():
                yield f'{where} {key} is missing'
    elif isinstance(stored, list) and isinstance(anew, list):
        if len(stored) != len(anew):
            yield f'{where} are {len(stored)}, now {len(anew)}'
        for place, pair in enumerate(zip(stored, anew)):
            yield from _differences(f'{where}[{place}]', *pair)
    elif not _same(stored, anew):
        yield f'{printable(where)} is {stored!r}, now {anew!r}'


def _same(a: Any, b: Any) -> bool:
    """Whether two facts are equal, numbers but for rounding."""
    if not (isinstance(a, (int, float)) and isinstance(b, (int, float))):
        return a == b
    if math.isnan(a) or math.isnan(b):
        return math.isnan(a) and math.isnan(b)
    return math.isclose(a, b, rel_tol=TOLERANCE, abs_tol=TOLERANCE)


def _check_files(one: Measured) -> Check:
    """Whether the pictures are there, and are those that were measured."""
    texts = one.evaluation.table.texts
    faults = [_missing(one)] if one.trouble else []
    changed = []
    for place, pair in enumerate(tqdm(one.pairs, 'hashes', disable=None)):
        for kind in ('sr', 'hr') if pair else ():
            file = getattr(pair, kind)
            if hash_file(file) != texts[f'{kind}_sha256'][place]:
                changed.append(file)
    if changed:
        faults.append(
            f'{len(changed)} are others than were measured '
            f'({first_few(changed)}); bring the old ones back, or evaluate '
            'again'
        )
    return Check(f'hashes of {2 * len(one.pairs)} files', faults)


def _missing(one: Measured) -> str:
    """What to do about missing pictures."""
    folders = ', '.join(
        f'{kind}: {printable(place)}'
        for kind, place in one.evaluation.summary['folders'].items()
        if place
    )
    return (
        f'pictures are missing: {one.trouble} Bring them back to where the '
        f'evaluation looks, as seen from its folder ({folders}), or evaluate '
        'again.'
    )


def _check_values(one: Measured, images: int, seed: int) -> Check:
    """Measure some faces anew."""
    places = [place for place, pair in enumerate(one.pairs) if pair]
    chosen = random.Random(seed).sample(places, min(images, len(places)))
    what = _what(one)
    faults = []
    for place in tqdm(sorted(chosen), 'measured', disable=None):
        try:
            row = measure_pair(one.pairs[place], **what)
        except (OSError, ValueError, ImportError) as error:
            return Check('faces measured anew', [f'cannot be: {error}'])
        faults += _differing_cells(one, place, row)
    if images and not chosen:
        faults.append('no face has its pictures')
    count = len(one.evaluation.table.numbers)
    return Check(
        f'{len(chosen)} of {len(one.pairs)} faces measured anew, {count} '
        f'numbers each to {TOLERANCE:g}',
        faults,
    )


def _differing_cells(one: Measured, place: int, row: dict) -> Iterator[str]:
    """Cells of a face that are not what was measured now."""
    table = one.evaluation.table
    stored = {k: v[place] for k, v in table.numbers.items()}
    for name, now in row.items():
        if name in table.texts:  # the check of the hashes says it
            continue
        if name not in stored:
            yield f'{TABLE} has no column {name}'
        elif not _same(float(stored[name]), float(now)):
            yield (
                f'{name} of {printable(table.names[place])} is '
                f'{stored[name]!r}, now {now!r}'
            )


def _notes(one: Measured) -> list[str]:
    """Programs that are not those that have measured."""
    run, here = one.evaluation.summary['run'], run_facts()
    return [
        f'measured by {name} {printable(str(run[name]))}, here is {here[name]}'
        for name in PROGRAMS
        if name in run and run[name] != here[name]
    ]


def text_of(
    checks: Sequence[Check], notes: Sequence[str], most: int = 5
) -> str:
    """Checks as lines for a person.

    Args:
        checks (Sequence[Check]): What was looked at.
        notes (Sequence[str]): What may explain differences.
        most (int): Faults of one check that are shown. Defaults to 5.
    """
    lines = []
    for check in checks:
        lines.append(f'{"DIFFERS" if check.faults else "ok":<9}{check.what}')
        lines += [f'{"":<9}{fault}' for fault in check.faults[:most]]
        if (more := len(check.faults) - most) > 0:
            lines.append(f'{"":<9}and {more} more')
    lines += [f'{"note":<9}{note}' for note in notes]
    return '\n'.join(lines) + '\n'
