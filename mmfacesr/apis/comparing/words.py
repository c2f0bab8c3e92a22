# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What stands below the tables of a comparison."""

from collections.abc import Iterator

from mmfacesr.evaluation.value_names import unit


def notes(comparison: dict, best: str) -> list[str]:
    """Sentences, one a line.

    Args:
        comparison (dict): Of :func:`~mmfacesr.apis.comparing.comparison.
            compare`.
        best (str): How the table marks the best of a column.
    """
    return [
        _how(comparison, best),
        *_detectable(comparison),
        *_left_out(comparison),
        *_not_tested(comparison),
    ]


def _how(comparison: dict, best: str) -> str:
    """What the marks of the table say."""
    facts = comparison['statistics']
    sure = f'{facts["confidence"]:.0%}'
    tests = f'{facts["tests"]} test{"s" * (facts["tests"] != 1)}'
    return (
        f'{comparison["images"]} images: mean [{sure} interval, BCa '
        f'bootstrap, {facts["draws"]} draws, seed {facts["seed"]}]. '
        f'{best}: best of its column; =: not distinguishable from the best. '
        'Distinguishable: Wilcoxon signed-rank test, adjusted by Holm over '
        f'{tests}, p < {1 - facts["confidence"]:.2g}, and the '
        f'{sure} interval of the paired difference leaves out 0. A difference '
        f'that could be shown is one that {facts["power"]:.0%} of such '
        'comparisons find.'
    )


def _detectable(comparison: dict) -> Iterator[str]:
    """The smallest difference that can be seen, value by value."""
    for value in comparison['values']:
        name = value['name']
        pairs = [
            pair
            for pair in comparison['pairs']
            if pair['value'] == name
            and pair['detectable'] is not None
            and pair['verdict'] != 'identical'
        ]
        if pairs:
            found = [pair['detectable'] for pair in pairs]
            ends = dict.fromkeys(map(two_digits, (min(found), max(found))))
            yield (
                f'{name}: smallest difference that '
                f'{max(pair["images"] for pair in pairs)} images could show: '
                f'{" to ".join(ends)} {unit(name)}'.rstrip()
                + (', by pair.' if len(ends) > 1 else '.')
            )


def two_digits(value: float | None) -> str:
    """A number of which the size matters; a dash for none."""
    return '-' if value is None else f'{value:.2g}'


def _left_out(comparison: dict) -> Iterator[str]:
    """Images without a value, and those equal to their ground truth."""
    for method in comparison['methods']:
        if method['identical']:
            yield (
                f'{method["name"]}: {method["identical"]} results equal '
                'their ground truth and have no finite PSNR.'
            )
    for value in comparison['values']:
        name = value['name']
        found = [m['values'][name] for m in comparison['methods']]
        count = found[0].get('images', comparison['images'])
        if count < comparison['images']:
            parts = ', '.join(
                f'{method["name"]} {facts["identical"] + facts["missing"]}'
                for method, facts in zip(comparison['methods'], found)
            )
            yield (
                f'{name}: means of the {count} images for which all have a '
                f'finite value; without one: {parts}.'
            )


def _not_tested(comparison: dict) -> Iterator[str]:
    """Values that take no part in the tests."""
    pooled = [v['name'] for v in comparison['values'] if v['pooled']]
    if pooled:
        yield (
            f'{", ".join(pooled)}: one value of the whole set, without an '
            'interval and not tested.'
        )
    if comparison['not_of_all']:
        yield (
            f'Not compared, as not all have them: '
            f'{", ".join(comparison["not_of_all"])}.'
        )
