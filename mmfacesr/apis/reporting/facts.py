# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What is known of how evaluations were made."""

from collections.abc import Sequence
from typing import Any

from mmfacesr.apis.reporting.gathering import Measured
from mmfacesr.utils import printable

SETTINGS = ('crop_border', 'metrics', 'protocols')


def sentence(found: Sequence[Measured]) -> str:
    """What a page is about."""
    summary = found[0].evaluation.summary
    numbers = found[0].evaluation.table.numbers
    sizes = sorted(
        {(int(w), int(h)) for w, h in zip(numbers['width'], numbers['height'])}
    )
    size = f'{sizes[0][0]}×{sizes[0][1]}'
    if len(sizes) > 1:
        size += f' to {sizes[-1][0]}×{sizes[-1][1]}'
    who = found[0].name
    if len(found) > 1:
        who = ', '.join(m.name for m in found[:-1]) + f' and {found[-1].name}'
    run = summary['run']
    return (
        f'{who} on {"the same " if len(found) > 1 else ""}'
        f'{summary["images"]} faces of {size} pixels, measured from '
        f'{run.get("prediction", "files")} on '
        f'{str(run.get("date", "an unknown day"))[:10]}.'
    )


def facts_table(found: Sequence[Measured]) -> list[tuple[str, list[str]]]:
    """Rows of a table: what it is, and what it is of each method."""
    columns = [_facts(one) for one in found]
    keys = dict.fromkeys(key for column in columns for key in column)
    return [
        (key, [column.get(key, '–') for column in columns]) for key in keys
    ]


def _facts(one: Measured) -> dict[str, str]:
    """Facts of one evaluation as texts."""
    summary = one.evaluation.summary
    facts = {
        'images': summary['images'],
        **_flat(summary['run']),
        'SHA-256 of the list of faces': summary['list_sha256'],
        'SHA-256 of the list of files': summary['files_sha256'],
        **_flat({k: summary.get('what', {}).get(k) for k in SETTINGS}),
        'folders': summary['folders'],
        'identical to the ground truth': len(summary['identical']),
        'schema': summary['schema'],
    }
    return {
        printable(key.replace('_', ' ')): _text(value)
        for key, value in facts.items()
    }


def _flat(facts: dict[str, Any], prefix: str = '') -> dict[str, Any]:
    """Facts inside facts, under names such as 'run by way'."""
    flat: dict[str, Any] = {}
    for key, value in facts.items():
        if isinstance(value, dict):
            flat |= _flat(value, f'{prefix}{key} ')
        else:
            flat[f'{prefix}{key}'] = value
    return flat


def _text(value: Any) -> str:
    """A fact as a person reads it."""
    if value is None or value == []:
        return '–'
    if isinstance(value, dict):
        return ', '.join(f'{k}: {_text(v)}' for k, v in value.items())
    if isinstance(value, list):
        return ', '.join(map(_text, value))
    if isinstance(value, int) and not isinstance(value, bool):
        return f'{value:,}'
    return (
        f'{value:.4g}' if isinstance(value, float) else printable(str(value))
    )
