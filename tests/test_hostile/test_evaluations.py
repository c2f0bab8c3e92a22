# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Evaluations of others, read, compared, shown and checked."""

import json
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest
from hostile import Trial, mutate

from mmfacesr.apis.comparing.comparison import compare
from mmfacesr.apis.comparing.tables import FORMATS
from mmfacesr.apis.evaluating.evaluation import SUMMARY, TABLE, Evaluation
from mmfacesr.apis.evaluating.folders import evaluate_folders
from mmfacesr.apis.evaluating.pairs import Pair
from mmfacesr.apis.evaluating.unfinished import NAME, Unfinished
from mmfacesr.apis.reporting import verifying
from mmfacesr.apis.reporting.facts import facts_table, sentence
from mmfacesr.apis.reporting.gathering import gather
from mmfacesr.apis.reporting.values import cells, common_values
from mmfacesr.apis.reporting.verifying import verify
from mmfacesr.utils.images import write_image

VALUES = (None, True, 0, -1, 10**400, float('nan'), float('inf'), '', 'x', [])
VALUES += ({}, [1], {'a': 1}, '../..', '/etc', '\0', '\ud800', 'a' * 5000, 1.5)
VALUES += ([[]], {'mean': 'x', 'pooled': None}, '<script>', '../around')


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    """An evaluation with its pictures."""
    rng = np.random.default_rng(2)
    for kind in ('hr', 'sr'):
        for name in 'abc':
            image = rng.integers(0, 256, (48, 48, 3), np.uint8)
            write_image(tmp_path / 'made' / kind / f'{name}.png', image)
    made = tmp_path / 'made'
    evaluate_folders(made / 'sr', made / 'hr', made / 'one')
    return made


def changed(value: Any, chance: random.Random) -> Any:
    """A value of JSON with one part in it exchanged or removed."""
    if not isinstance(value, (dict, list)) or not value:
        return chance.choice(VALUES)
    if chance.random() < 0.1:
        return chance.choice(VALUES)
    copy = value.copy()
    keys = list(copy) if isinstance(copy, dict) else range(len(copy))
    key = chance.choice(keys)
    if chance.random() < 0.15:
        del copy[key]
    else:
        copy[key] = changed(copy[key], chance)
    return copy


def damage(folder: Path, chance: random.Random) -> str:
    """Damage one of the files; returns how."""
    summary, table = folder / SUMMARY, folder / TABLE
    match chance.randrange(4):
        case 0:
            kind, data = mutate(table.read_bytes(), chance, b'"\0\n,nan')
            table.write_bytes(data)
            return f'{kind} in table'
        case 1:
            kind, data = mutate(summary.read_bytes(), chance, b'[' * 90_000)
            summary.write_bytes(data)
            return f'{kind} in summary'
        case 2:
            lines = [x.split(',') for x in table.read_text().split('\n')]
            cell = random.Random(chance.random())
            row = cell.choice(lines)
            odd = ('nan', 'inf', '-1', '1e999', 'x', '', '"', '9' * 200_000)
            row[cell.randrange(len(row))] = cell.choice(odd)
            table.write_text('\n'.join(','.join(x) for x in lines))
            return 'cell'
    value = changed(json.loads(summary.read_text()), chance)
    summary.write_text(json.dumps(value))
    return 'value'


def no_facts() -> dict:
    """Stands for what is asked of the machine."""
    return dict.fromkeys(verifying.PROGRAMS)


def evaluation(made: Path) -> Callable[[int, Trial], None]:
    """The area."""

    def area(seed: int, trial: Trial) -> None:
        chance = random.Random(f'evaluation {seed}')
        for name in ('hr', 'sr', 'one'):
            shutil.copytree(made / name, trial.inputs / name)
        shutil.copytree(made / 'one', trial.inputs / 'two')
        folder = trial.inputs / 'two'
        kind = damage(folder, chance)
        both = trial.inputs / 'one', folder

        def show() -> None:
            for paths in ((folder,), both):
                found = gather(paths)
                values, _ = common_values(found)
                for value in values:
                    cells(value)
                sentence(found)
                facts_table(found)

        def tables() -> None:
            comparison = compare([Evaluation.read(x) for x in both])
            for write in FORMATS.values():
                write(comparison)

        # Which commit this is, git is asked.
        known = mock.patch.object(verifying, 'run_facts', no_facts)
        ways = (show, tables, lambda: verify(folder, images=1))
        with known:
            trial(kind, ways[seed % 3])

    return area


def unfinished(seed: int, trial: Trial) -> None:
    """What an interrupted evaluation has left, or somebody put there."""
    chance = random.Random(f'unfinished {seed}')
    rows = [json.dumps(chance.choice(VALUES)), '{"name": 1}', '[' * 90_000]
    rows += ['{"name": "a", "sr_sha256": "", "hr_sha256": "", "x": []}', 'x']
    path = trial.out / NAME
    if seed % 3:
        lines = [json.dumps({}), *chance.choices(rows, k=3), '']
        path.write_text('\n'.join(lines))
    else:
        os.symlink(trial.around / 'kept', path)
    kind = 'rows left' if seed % 3 else 'link left'

    def go_on() -> None:
        pair = Pair('a', str(path), str(path))
        with Unfinished(trial.out, {}) as rest:
            list(rest.complete([pair] * 3, lambda p: [dict(name='new')]))

    trial(kind, go_on)


def test_evaluations_shortly(endure: Callable, whole: Path) -> None:
    endure(evaluation(whole), 12, 12, 'evaluations')


@pytest.mark.slow
def test_evaluations(endure: Callable, whole: Path) -> None:
    endure(evaluation(whole), 4_000, 4_000, 'evaluations')


def test_what_is_left_shortly(endure: Callable) -> None:
    endure(unfinished, 12, 12, 'unfinished evaluations')


@pytest.mark.slow
def test_what_is_left(endure: Callable) -> None:
    endure(unfinished, 1_000, 1_000, 'unfinished evaluations')
