# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Settings that were changed before a resume are told, in force or not."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner
from toy_training import make_runner

from mmfacesr.apis.changed_settings import MAX_LINES, describe_changes

BEFORE = dict(
    model=dict(loss_weight=1.0, type='SRGAN'),
    train_cfg=dict(by_epoch=False, max_iters=4),
    optim_wrapper=dict(
        clip_grad=dict(max_norm=1.0),
        optimizer=dict(betas=(0.9, 0.99), lr=1e-3, type='Adam'),
    ),
    param_scheduler=[dict(T_max=500, type='CosineAnnealingLR')],
    train_dataloader=dict(
        batch_size=4, dataset=dict(pipeline=[dict(type='A'), dict(p=0.5)])
    ),
    work_dir='a',
    scratch=1,
)


def changed(**options: object) -> str:
    now = Config(BEFORE)
    now.merge_from_dict(options)
    return describe_changes(Config(BEFORE).pretty_text, now.pretty_text)


def test_nothing_is_said_of_nothing() -> None:
    assert changed() == ''
    assert changed(work_dir='b', scratch=2) == ''


def test_each_is_on_its_side() -> None:
    text = changed(
        **{
            'train_cfg.max_iters': 6,
            'optim_wrapper.clip_grad.max_norm': 2.0,
            'optim_wrapper.optimizer.lr': 0.01,
            'optim_wrapper.optimizer.betas': (0.5, 0.9),
            'param_scheduler.0.T_max': 1000,
            'train_dataloader.dataset.pipeline.1.p': 0.1,
        }
    )
    used, kept = text.split('NOT in force')
    for line in (
        'train_cfg.max_iters: 4 -> 6',
        'optim_wrapper.clip_grad.max_norm: 1.0 -> 2.0',
        'train_dataloader.dataset.pipeline.1.p: 0.5 -> 0.1',
    ):
        assert line in used
    for line in (
        'optim_wrapper.optimizer.lr: 0.001 -> 0.01',
        'optim_wrapper.optimizer.betas: (0.9, 0.99) -> (0.5, 0.9)',
        'param_scheduler.0.T_max: 500 -> 1000',
    ):
        assert line in kept


def test_what_the_runner_keeps_is_what_is_said(
    whole: Callable, tmp_path: Path
) -> None:
    """The rule against mmengine: rate and schedule come with the file."""
    runner = make_runner(tmp_path, resume=whole() / 'iter_8.pth')
    runner.optim_wrapper['optimizer']['lr'] = 7.0
    runner.optim_wrapper['clip_grad'] = dict(max_norm=0.5)
    runner.param_schedulers[0]['gamma'] = 0.1
    runner.train()
    saved = torch.load(tmp_path / 'iter_12.pth', weights_only=True)
    before = torch.load(whole() / 'iter_12.pth', weights_only=True)
    assert saved['param_schedulers'] == before['param_schedulers']
    rates = [
        each['optimizer']['param_groups'][0]['lr'] for each in (saved, before)
    ]
    assert rates[0] == rates[1]
    assert runner.optim_wrapper.clip_grad_kwargs == dict(max_norm=0.5)


@pytest.mark.parametrize(
    'options, name',
    [
        ({'optim_wrapper.optimizer.type': 'SGD'}, 'optimizer.type'),
        ({'param_scheduler.0.type': 'StepLR'}, "-> 'StepLR'"),
        (
            dict(
                param_scheduler=[*BEFORE['param_scheduler'], dict(type='LR2')]
            ),
            'param_scheduler.1.type: nothing',
        ),
    ],
)
def test_state_of_another_optimizer_is_refused(
    options: dict, name: str
) -> None:
    with pytest.raises(ValueError, match='load_from') as error:
        changed(**options)
    assert name in str(error.value)


def test_many_are_cut() -> None:
    more = {f'model.value{i}': i for i in range(MAX_LINES + 5)}
    text = changed(**more)
    assert '... and 5 more' in text
    assert len(text.splitlines()) == MAX_LINES + 2


@pytest.mark.parametrize(
    'text', [None, b'\0', '(' * 10_000, 'model = ', 'model = f"{1/0}"']
)
def test_whatever_the_file_holds_is_not_run(text: object) -> None:
    assert isinstance(describe_changes(text, ''), str)


def test_every_setting_of_the_runner_is_compared_or_left_out() -> None:
    """Tells when mmengine's runner takes another one."""
    import inspect

    from mmfacesr.apis.changed_settings import SETTINGS

    left_out = {
        'self',
        'work_dir',
        'test_dataloader',
        'test_cfg',
        'test_evaluator',
        'data_preprocessor',
        'load_from',
        'resume',
        'launcher',
        'env_cfg',
        'log_processor',
        'log_level',
        'visualizer',
        'default_scope',
        'experiment_name',
        'cfg',
    }
    taken = set(inspect.signature(Runner.__init__).parameters)
    assert taken - left_out == set(SETTINGS)
