# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""SIGKILL at random moments changes no bit of what a training ends with."""

import importlib.util
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SPEC = importlib.util.spec_from_file_location(
    'every_config', HERE / 'test_every_config.py'
)
every_config = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(every_config)
KILLS = 20
ITERATIONS = 30  # more than so many lives come to
VALIDATE = 8


def killed(
    path: Path,
    root: Path,
    folder: Path,
    shrink: Callable,
    run_tool: Callable,
    kills: int,
    length: int,
) -> dict:
    """Train a narrow network in many lives."""
    cfg = every_config.shortened(path, root, folder, 'lives')
    cfg = every_config.narrowed(shrink(cfg))
    cfg.pop('experiment_name')
    cfg.train_dataloader.num_workers = 1
    cfg.train_cfg.val_interval = VALIDATE
    if every_config.by_epoch(cfg):
        cfg.train_cfg.max_epochs = length // 2
    else:
        cfg.train_cfg.max_iters = length
    for step, part in zip(cfg.model.get('schedule', ()), (4, 4, 2)):
        step.update(iters=length // part, fade_iters=length // part // 2)
    file = folder / f'{path.stem}.py'
    cfg.dump(file)
    output = run_tool(sys.executable, HERE / 'lives.py', file, folder, kills)
    return json.loads(output.splitlines()[-1])


@pytest.mark.slow
@pytest.mark.parametrize(
    'path', every_config.KINDS, ids=lambda path: path.stem
)
def test_twenty_kills(
    path: Path,
    faces_root: Path,
    tmp_path: Path,
    shrink: Callable,
    run_tool: Callable,
    record_trials: Callable,
) -> None:
    found = killed(
        path, faces_root, tmp_path, shrink, run_tool, KILLS, ITERATIONS
    )
    kills = sum(found['kills'].values())
    record_trials(
        f'resume: {path.stem}',
        'SIGKILL at random moments',
        kills,
        kills if not found['differences'] else 0,
        len(found['differences']),
        f'{found["kills"]["saving"]} while saving',
    )
    assert not found['differences']
    assert kills == KILLS
