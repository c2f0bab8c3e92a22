# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Evaluations of the same faces, and where their pictures are."""

import os
import os.path as osp
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Optional

import numpy as np

from mmfacesr.apis.comparing.matching import labels_of, match_faces
from mmfacesr.apis.evaluating.evaluation import SUMMARY, TABLE, Evaluation
from mmfacesr.apis.evaluating.pairs import Pair, files_by_name
from mmfacesr.apis.evaluating.table import ImageTable
from mmfacesr.utils import first_few, printable


@dataclass(frozen=True)
class Measured:
    """An evaluation as a page shows it.

    Attributes:
        name (str): What the method is called; unique on a page, printable.
        folder (Path): Of the evaluation.
        evaluation (Evaluation): What was measured.
        pairs (list[Pair | None]): Files of each face in the order of the
            table, None where one is missing.
        trouble (str): Why pictures are missing; '' if all are there.
    """

    name: str
    folder: Path
    evaluation: Evaluation
    pairs: list[Optional[Pair]] = field(default_factory=list)
    trouble: str = ''


def gather(paths: Sequence[str | os.PathLike]) -> list[Measured]:
    """Read evaluations of the same faces.

    Args:
        paths (Sequence[str | os.PathLike]): Folders that ``mmfacesr
            evaluate`` has written.

    Returns:
        list[Measured]: In the same order, all with the rows of the first.

    Raises:
        FileNotFoundError: If one is no evaluation.
        ValueError: If they are of other faces, or one is there twice.
    """
    _check_own_folders(paths)
    found = [read_measured(path) for path in paths]
    evaluations = [one.evaluation for one in found]
    labels = labels_of(evaluations)
    orders = match_faces(labels, evaluations)
    return [
        _in_order(replace(one, name=label), order)
        for one, label, order in zip(found, labels, orders)
    ]


def _in_order(one: Measured, order: np.ndarray) -> Measured:
    """An evaluation with its faces in another order."""
    table = one.evaluation.table
    ordered = ImageTable(
        {k: [texts[i] for i in order] for k, texts in table.texts.items()},
        {k: numbers[order] for k, numbers in table.numbers.items()},
    )
    return replace(
        one,
        evaluation=replace(one.evaluation, table=ordered),
        pairs=[one.pairs[i] for i in order],
    )


def read_measured(path: str | os.PathLike) -> Measured:
    """Read one evaluation, and look for its pictures."""
    folder = Path(path)
    folder = folder.parent if folder.name == SUMMARY else folder
    evaluation = Evaluation.read(folder)
    sides = map(evaluation.table.numbers.get, ('width', 'height'))
    if not all(n is not None and np.isfinite(n).all() for n in sides):
        raise ValueError(
            f'Expected the width and height of every face in {TABLE} of '
            f'{printable(folder)}, got another table; evaluate again.'
        )
    pairs, trouble = find_pictures(folder, evaluation)
    name = printable(evaluation.summary['method'])
    return Measured(name, folder, evaluation, pairs, trouble)


def find_pictures(
    folder: Path, evaluation: Evaluation
) -> tuple[list[Optional[Pair]], str]:
    """The files of every face of an evaluation that are still there.

    Args:
        folder (Path): Of the evaluation; its pictures are found from there.
        evaluation (Evaluation): What it says.

    Returns:
        tuple: A pair for each face, None where a picture is missing, and what
        is missing in words.
    """
    summary, names = evaluation.summary, evaluation.table.names
    none: list[Optional[Pair]] = [None] * len(names)
    suffix = dict(sr=summary.get('suffix', ''))
    try:
        files = {
            kind: files_by_name(_lead_to(folder, place), suffix.get(kind, ''))
            for kind, place in summary['folders'].items()
            if place
        }
        results, truths = files['sr'], files['hr']
    except KeyError:
        return none, 'the evaluation does not say where its pictures are'
    except (OSError, ValueError) as error:
        return none, str(error)
    inputs = files.get('lr', {})
    found = [
        Pair(name, results[name], truths[name], inputs.get(name))
        if name in results and name in truths
        else None
        for name in names
    ]
    missing = [name for name, pair in zip(names, found) if pair is None]
    trouble = (
        f'{len(missing)} of {len(names)} are missing ({first_few(missing)})'
        if missing
        else ''
    )
    return found, trouble


def _lead_to(folder: Path, place: str) -> str:
    """A folder of pictures, as an evaluation names it."""
    return osp.normpath(folder.absolute() / place)


def _check_own_folders(paths: Sequence[str | os.PathLike]) -> None:
    """Refuse an evaluation that is to be compared with itself."""
    folders = [osp.realpath(path) for path in paths]
    if len(set(folders)) < len(folders):
        twice = Counter(folders).most_common(1)[0][0]
        raise ValueError(
            f'Expected evaluations to compare, got {printable(twice)} twice; '
            'name each once.'
        )
