# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Whether a summary that others may have changed is one of an evaluation."""

from typing import Any

PARTS = dict(
    method=str,
    folders=dict,
    run=dict,
    images=int,
    list_sha256=str,
    files_sha256=str,
    about=dict,
    values=dict,
    identical=list,
)
"""What every summary has; see evaluation.schema.json."""
LATER = dict(suffix=str, what=dict)
"""What older ones have not."""
NUMBER = (int, float)
MOST_DEPTH = 32  # of parts in parts
LARGEST = 1e300  # of a number; others are no double, or their squares are not


def summary_fault(summary: Any) -> str:
    """Say what keeps a summary from being used; '' if nothing does.

    Args:
        summary (Any): What was read from its file.
    """
    if not isinstance(summary, dict):
        return 'it is no JSON object'
    if not _is_plain(summary, MOST_DEPTH):
        return 'its parts are too deep, or numbers too large'
    for key, kind in {**PARTS, **LATER}.items():
        missing = key not in summary and key in PARTS
        if missing or not isinstance(summary.get(key, kind()), kind):
            return f'{key!r} is missing or of another kind'
    texts = [*summary['about'].values(), *summary['identical']]
    places = summary['folders'].values()
    texts += [place for place in places if place is not None]
    if not all(isinstance(text, str) for text in texts):
        return "a text in 'about', 'identical' or 'folders' is none"
    odd = [k for k, v in summary['values'].items() if not _is_value(v)]
    return f'the value {odd[0]!r} is not as it should be' if odd else ''


def _is_plain(value: Any, depth: int) -> bool:
    """Whether all of it can be walked through and computed with."""
    if isinstance(value, (dict, list)):
        parts = value.values() if isinstance(value, dict) else value
        return depth > 0 and all(_is_plain(part, depth - 1) for part in parts)
    is_huge = isinstance(value, NUMBER) and abs(value) > LARGEST
    return not is_huge or isinstance(value, float)


def _is_value(value: Any) -> bool:
    """Whether it is the mean of images, or the value of a set."""
    if not isinstance(value, dict) or not isinstance(
        value.get('pooled'), bool
    ):
        return False
    ends = value.get('interval')
    if ends is not None and not (isinstance(ends, list) and len(ends) == 2):
        return False
    numbers = [value.get('mean'), *(ends or ())]
    return 'mean' in value and all(
        number is None or isinstance(number, NUMBER) for number in numbers
    )
