# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""SIGKILL at random moments changes no bit of what a training ends with."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from mmengine.config import Config
from short_configs import KINDS, by_epoch, narrowed, shortened

LIVES = Path(__file__).with_name('lives.py')
VALIDATE = 8
KILLS, LENGTH = 20, 44
"""The lives come to fewer iterations than that."""
AMP = 'dic_gan'
"""What this name stands in is trained by mixed precision, too."""


CASES = [(path, ()) for path in KINDS]
CASES += [(path, ('--amp',)) for path, _ in CASES if AMP in path.stem]


@pytest.mark.slow
@pytest.mark.parametrize(
    'path, options', CASES, ids=[' '.join([p.stem, *o]) for p, o in CASES]
)
def test_kills_change_nothing(
    path: Path,
    options: tuple[str, ...],
    faces_root: Path,
    tmp_path: Path,
    shrink: Callable,
    run_tool: Callable,
    record_trials: Callable,
) -> None:
    cfg = saving_often(path, faces_root, tmp_path)
    shrink(cfg).dump(tmp_path / 'config.py')
    words = (tmp_path / 'config.py', tmp_path, KILLS, *options)
    output = run_tool(sys.executable, LIVES, *words)
    # torch 2.1 may warn of something behind it.
    (told,) = (line for line in output.splitlines() if line[:1] == '{')
    found = json.loads(told)
    killed = sum(found['kills'].values())
    record_trials(
        f'resume: {" ".join([path.stem, *options])}',
        'SIGKILL at random moments',
        killed,
        0 if found['differences'] else killed,
        len(found['differences']),
        f'{found["kills"]["saving"]} while saving',
    )
    assert not found['differences']
    assert not found['left'], 'parts of files'
    assert killed == KILLS


def saving_often(path: Path, root: Path, folder: Path) -> Config:
    """A narrow network that saves at every iteration or epoch."""
    cfg = narrowed(shortened(path, root, folder, 'lives'))
    cfg.pop('experiment_name')
    cfg.train_dataloader.num_workers = 1
    cfg.train_cfg.val_interval = VALIDATE
    if by_epoch(cfg):
        cfg.train_cfg.max_epochs = LENGTH // 2
        cfg.train_dataloader.dataset.indices = 2  # epochs are cut short, too
    else:
        cfg.train_cfg.max_iters = LENGTH
    fades = (0, LENGTH // 8, LENGTH // 4)
    for step, part, fade in zip(
        cfg.model.get('schedule', ()), (4, 4, 2), fades
    ):
        step.update(iters=LENGTH // part, fade_iters=fade)
    return cfg
