# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""A training of a few weights, by iterations or by epochs of four batches."""

import itertools
import os
import time
from pathlib import Path
from typing import Any, Optional

import numpy as np
import torch
from mmengine.evaluator import BaseMetric, Evaluator
from mmengine.hooks import Hook
from mmengine.model import BaseModel
from mmengine.runner import Runner
from torch import Tensor, nn
from torch.utils.data import Dataset

from mmfacesr.compat.mends import mend
from mmfacesr.datasets.seeded_samplers import seed_draws_of
from mmfacesr.engine.hooks import (
    IterationSeedHook,
    PlainCheckpointHook,
    ResumeHook,
)

NUMBERS = itertools.count()
CHANGING = ('time', 'experiment_name', 'cfg')
"""What two equal runs differ in."""


class Pairs(Dataset):
    """Eight numbered pairs, augmented by noise."""

    metainfo = dict(name='pairs')

    def __len__(self) -> int:
        return 8

    def __getitem__(self, index: int) -> dict:
        seed_draws_of(index)
        x = torch.linspace(-1, 1, 3) * (index + 1) / 4
        noise = torch.from_numpy(np.random.normal(size=3)).float() / 10
        return dict(x=x + noise, y=x.sum(0, keepdim=True) + 2)


class Fixed(Pairs):
    """The pairs of a validation."""

    def __getitem__(self, index: int) -> dict:
        x = torch.linspace(-1, 1, 3) * (index + 1) / 4
        return dict(x=x, y=x.sum(0, keepdim=True) + 2)


class Regression(BaseModel):
    """Linear regression."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.generator = nn.Linear(3, 1)

    def forward(self, x: Tensor, y: Tensor, mode: str = 'tensor') -> Any:
        error = (self.generator(x) - y).square()
        if mode == 'loss':
            return dict(loss=(error * torch.rand_like(error)).mean())
        return [dict(error=value.item()) for value in error]

    def init_weights(self) -> None:
        """Keep the weights of the constructor."""


class Score(BaseMetric):
    """Higher is better."""

    def process(self, data_batch: object, data_samples: list) -> None:
        self.results += [sample['error'] for sample in data_samples]

    def compute_metrics(self, results: list) -> dict:
        return dict(score=-sum(results) / len(results))


class At(Hook):
    """Does something at a place of the training, the first time."""

    priority = 'NORMAL'

    def __init__(self, place: str, iteration: int, action: Any) -> None:
        self.iteration, self.action = iteration, action
        setattr(self, place, self.act)

    def act(self, runner: Runner, *args: Any, **kwargs: Any) -> None:
        action, self.action = self.action, self.action
        if action and runner.iter == self.iteration:
            self.action = None
            action()


class Count(Hook):
    """Notes the iterations that are trained and those validated."""

    def __init__(self) -> None:
        self.trained: list[int] = []
        self.validated: list[int] = []

    def before_train_iter(self, runner: Runner, *a: Any, **k: Any) -> None:
        self.trained.append(runner.iter)

    def after_val_epoch(self, runner: Runner, *a: Any, **k: Any) -> None:
        self.validated.append(runner.iter)


def send(signum: int) -> None:
    """Send this process a signal and let it arrive."""
    os.kill(os.getpid(), signum)
    time.sleep(0.01)


def make_runner(
    work_dir: Path,
    *hooks: Hook,
    resume: Optional[Path] = None,
    by_epoch: bool = False,
    save_by_epoch: Optional[bool] = None,
    num_workers: int = 0,
    val_interval: int = 4,
    max_iters: int = 12,
    **checkpoint: Any,
) -> Runner:
    """Build 12 iterations, or 3 epochs, validated every 4 iterations.

    A checkpoint every 4 iterations, two of them and the best one are kept.
    """
    mend()
    loop = dict(max_epochs=3, val_interval=1)
    if not by_epoch:
        loop = dict(max_iters=max_iters, val_interval=val_interval)
    saves = by_epoch if save_by_epoch is None else save_by_epoch
    runner = Runner(
        Regression(),
        str(work_dir),
        train_dataloader=dict(
            batch_size=2,
            num_workers=num_workers,
            collate_fn=dict(type='default_collate'),
            dataset=Pairs(),
            sampler=dict(
                type='SeededSampler' if by_epoch else 'SeededInfiniteSampler',
                shuffle=True,
            ),
        ),
        val_dataloader=dict(
            batch_size=4,
            num_workers=0,
            collate_fn=dict(type='default_collate'),
            dataset=Fixed(),
            sampler=dict(type='DefaultSampler', shuffle=False),
        ),
        train_cfg=dict(by_epoch=by_epoch, **loop),
        val_cfg=dict(),
        val_evaluator=Evaluator(Score(prefix='')),
        optim_wrapper=dict(optimizer=dict(type='Adam', lr=0.05)),
        param_scheduler=[
            dict(type='ExponentialLR', gamma=0.9, by_epoch=by_epoch)
        ],
        default_hooks=dict(
            logger=dict(type='LoggerHook', interval=1),
            checkpoint=dict(
                type='CheckpointHook',
                interval=1 if saves else 4,
                by_epoch=saves,
                max_keep_ckpts=2,
                save_best='score',
                rule='greater',
                **checkpoint,
            ),
            resume=ResumeHook(),
        ),
        custom_hooks=[
            PlainCheckpointHook(),
            IterationSeedHook(),
            *hooks,
        ],
        log_processor=dict(window_size=3, by_epoch=by_epoch),
        randomness=dict(seed=5),
        experiment_name=f'toy_{next(NUMBERS)}',
        default_scope='mmengine',
        log_level='ERROR',
    )
    if resume is not None:
        runner._resume, runner._load_from = True, str(resume)
    return runner


def content(path: Path) -> dict:
    """A checkpoint without what two equal runs differ in.

    Times, paths, and the histories of the log, of which a validation that
    was begun twice has more.
    """
    held = torch.load(path, weights_only=True)
    for key in CHANGING:
        held['meta'].pop(key)
    info = held.pop('message_hub')['runtime_info']
    held['info'] = {
        key: Path(value).name if 'ckpt' in key and key[0] != 'k' else value
        for key, value in info.items()
        if key.startswith(('best', 'last_ckpt', 'keep'))
    }
    return held


def assert_equal_runs(one: Path, other: Path, *but: str) -> None:
    """Compare all checkpoints of two work folders, bit for bit."""
    names = {path.name for path in one.glob('*.pth')}
    assert {path.name for path in other.glob('*.pth')} == names
    for name in names:
        first, second = content(one / name), content(other / name)
        for key in but:
            first['info'].pop(key, None), second['info'].pop(key, None)
        assert first.keys() == second.keys()
        for key in first:
            if key in ('meta', 'info', 'param_schedulers'):
                assert second[key] == first[key], name
            else:
                torch.testing.assert_close(
                    second[key], first[key], rtol=0, atol=0, msg=name
                )
