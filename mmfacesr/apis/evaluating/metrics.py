# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Metrics beside the protocols, by the names that a person types."""

from collections.abc import Callable, Sequence
from functools import cache

from mmfacesr.evaluation.image_metrics import ImageMetric, SetMetric

METRICS: dict[str, Callable[[], ImageMetric | SetMetric]] = {}
"""Name -> what builds the metric, with its weights."""


def check_names(names: Sequence[str], has_lr: bool) -> None:
    """Refuse metrics that there are not, or that lack their inputs.

    Args:
        names (Sequence[str]): Keys of ``METRICS``.
        has_lr (bool): Whether the inputs are there.

    Raises:
        ValueError: Names those there are, or what is missing.
    """
    if unknown := [name for name in names if name not in METRICS]:
        raise ValueError(
            f'Expected metrics of {", ".join(METRICS) or "none"}, got '
            f'{", ".join(unknown)}.'
        )
    for name, metric in build_metrics(tuple(names)).items():
        if getattr(metric, 'needs_lr', False) and not has_lr:
            raise ValueError(
                f'Expected the inputs of the results for {name}, got none; '
                'give their folder by --lr.'
            )


@cache
def build_metrics(
    names: Sequence[str],
) -> dict[str, ImageMetric | SetMetric]:
    """Build metrics, once in a process.

    Args:
        names (tuple[str, ...]): Keys of ``METRICS``.
    """
    return {name: METRICS[name]() for name in names}


def image_metrics(names: Sequence[str]) -> dict[str, ImageMetric]:
    """The metrics of single images among some."""
    built = build_metrics(tuple(names))
    return {k: m for k, m in built.items() if isinstance(m, ImageMetric)}


def set_metrics(names: Sequence[str]) -> dict[str, SetMetric]:
    """The metrics of whole sets among some."""
    built = build_metrics(tuple(names))
    return {k: m for k, m in built.items() if isinstance(m, SetMetric)}
