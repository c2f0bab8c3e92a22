# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""A comparison: what evaluations of the same faces say of each other."""

import os
import os.path as osp
from collections.abc import Sequence
from itertools import combinations
from typing import Any, Optional

import numpy as np

from mmfacesr.apis.comparing.matching import (
    choose_values,
    common_about,
    labels_of,
    match_faces,
)
from mmfacesr.apis.comparing.record import SCHEMA
from mmfacesr.apis.evaluating.evaluation import Evaluation
from mmfacesr.evaluation.statistics import (
    CONFIDENCE,
    DRAWS,
    POWER,
    SEED,
    compare_paired,
    holm,
    judge,
    mean_interval,
)
from mmfacesr.evaluation.value_names import larger_is_better
from mmfacesr.version import __version__

ALIKE = ('identical', 'not distinguishable')
"""Verdicts of methods of which none is the better one."""
FACTS = ('images', 'list_sha256', 'files_sha256')

Columns = dict[str, dict[str, np.ndarray]]
"""Value -> method -> (N,) values of the faces in one order."""


def compare(
    evaluations: Sequence[Evaluation],
    patterns: Sequence[str] = (),
    reference: int = 0,
) -> dict:
    """Compare evaluations of the same faces, each pair of them.

    Args:
        evaluations (Sequence[Evaluation]): At least two.
        patterns (Sequence[str]): Values, see
            :func:`~mmfacesr.apis.comparing.matching.choose_values`.
        reference (int): Place of the one that the others are compared with
            in tables. Defaults to the first.

    Returns:
        dict: See comparison.schema.json. It holds no values of single images.

    Raises:
        ValueError: If the faces, their ground truth or the protocols are not
            the same, or there are no such values.
    """
    labels = labels_of(evaluations)
    rows = match_faces(labels, evaluations)
    chosen = choose_values(evaluations, patterns)
    names = [*chosen.of_images, *chosen.pooled]
    columns: Columns = {
        name: {
            label: one.table.numbers[name][order]
            for label, one, order in zip(labels, evaluations, rows)
        }
        for name in chosen.of_images
    }
    pairs = _compare_pairs(columns, labels, labels[reference])
    methods = [
        _facts(label, one, columns, chosen.pooled)
        for label, one in zip(labels, evaluations)
    ]
    return dict(
        schema=SCHEMA,
        mmfacesr=__version__,
        images=len(rows[0]),
        reference=labels[reference],
        methods=methods,
        about=common_about(labels, evaluations, names),
        values=[_ranked(name, methods, pairs) for name in names],
        pairs=pairs,
        not_of_all=chosen.not_of_all,
        statistics=dict(
            interval='BCa bootstrap of the mean over the images',
            confidence=CONFIDENCE,
            draws=DRAWS,
            seed=SEED,
            test='Wilcoxon signed-rank, two-sided, adjusted by Holm',
            tests=len(pairs),
            power=POWER,
        ),
    )


def _compare_pairs(
    columns: Columns, labels: Sequence[str], reference: str
) -> list[dict]:
    """All pairs of methods in all values; all against the reference."""
    order = [reference, *(label for label in labels if label != reference)]
    keys = [
        (name, second, first)
        for name in columns
        for first, second in combinations(order, 2)
    ]
    found = [
        compare_paired(columns[name][one], columns[name][other], len(keys))
        for name, one, other in keys
    ]
    return [
        dict(
            value=name,
            method=one,
            against=other,
            difference=pair.mean,
            interval=pair.interval,
            p=pair.p,
            p_holm=adjusted,
            ranks=pair.ranks,
            images=pair.images,
            left_out=pair.left_out,
            equal=pair.equal,
            detectable=pair.detectable,
            verdict=judge(pair, adjusted, larger_is_better(name)),
        )
        for (name, one, other), pair, adjusted in zip(
            keys, found, holm([pair.p for pair in found])
        )
    ]


def _facts(
    label: str, one: Evaluation, columns: Columns, pooled: Sequence[str]
) -> dict:
    """What is known of a method, without its faces and their places."""
    values = {name: _mean(column, label) for name, column in columns.items()}
    for name in pooled:
        values[name] = dict(mean=one.values[name]['mean'], pooled=True)
    return dict(
        name=label,
        **{key: one.summary[key] for key in FACTS},
        identical=len(one.summary['identical']),
        run=_bare(one.summary.get('run', {})),
        values=values,
    )


def _mean(column: dict[str, np.ndarray], label: str) -> dict:
    """Mean of the faces that have a finite value of every method.

    A method is not worse for easy faces that it restores without any error.
    """
    finite = np.all([np.isfinite(v) for v in column.values()], axis=0)
    own, kept = column[label], column[label][finite]
    return dict(
        mean=float(kept.mean()) if len(kept) else None,
        interval=mean_interval(kept),
        images=len(kept),
        identical=int(np.isposinf(own).sum()),
        missing=int(np.isnan(own).sum()),
        pooled=False,
    )


def _bare(fact: Any) -> Any:
    """A fact of a run without the folders of a machine."""
    if isinstance(fact, list):
        return [_bare(item) for item in fact]
    if isinstance(fact, dict):
        return {key: _bare(item) for key, item in fact.items()}
    is_path = isinstance(fact, str) and osp.isabs(fact)
    return osp.basename(fact.rstrip(os.sep)) if is_path else fact


def _ranked(name: str, methods: list[dict], pairs: list[dict]) -> dict:
    """Which method has the best mean, and which are not told from it."""
    upward = larger_is_better(name)
    means = {m['name']: m['values'][name]['mean'] for m in methods}
    known = {k: mean for k, mean in means.items() if mean is not None}
    best: Optional[str] = None
    if known and upward is not None:
        best = (max if upward else min)(known, key=known.__getitem__)
    alike = {k for k, mean in known.items() if best and mean == means[best]}
    for pair in pairs:
        both = {pair['method'], pair['against']}
        if pair['value'] == name and pair['verdict'] in ALIKE and best in both:
            alike |= both
    return dict(
        name=name,
        pooled=methods[0]['values'][name]['pooled'],
        larger_is_better=upward,
        best=best,
        like_best=[k for k in means if k in alike - {best}],
    )
