# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Schedules and trainings that disagree in length."""

from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.optim import OptimWrapper
from mmengine.registry import PARAM_SCHEDULERS

from mmfacesr.apis import schedules
from mmfacesr.apis.schedules import check_schedule

LEAVES = sorted(Path(__file__).parents[2].glob('configs/[!_]*/*.py'))


@pytest.fixture
def warnings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is said in the log."""
    said: list[str] = []
    monkeypatch.setattr(
        schedules, 'print_log', lambda text, *where: said.append(text)
    )
    return said


def training(length: dict, schedule: object) -> Config:
    return Config(dict(train_cfg=length, param_scheduler=schedule))


WARM_UP = dict(type='LinearLR', by_epoch=False, begin=0, end=30)
LATER = dict(type='CosineAnnealingLR', by_epoch=False, begin=30)


@pytest.mark.parametrize(
    'length, schedule, named',
    [
        (
            dict(max_iters=20),
            [WARM_UP, LATER],
            'param_scheduler.1.begin=30 and train_cfg.max_iters=20',
        ),
        (
            dict(max_epochs=5),
            dict(generator=[dict(type='LinearLR', begin=9)]),
            'param_scheduler.generator.0.begin=9 and train_cfg.max_epochs=5',
        ),
        (
            dict(max_iters=99),
            dict(WARM_UP, begin=40),
            'param_scheduler.begin=40 and param_scheduler.end=30',
        ),
    ],
)
def test_both_settings_are_named(
    length: dict, schedule: object, named: str
) -> None:
    with pytest.raises(ValueError, match=named):
        check_schedule(training(length, schedule))


def test_mmengine_says_less() -> None:
    """When it names the settings, this check is no longer needed."""
    wrapper = OptimWrapper(
        torch.optim.Adam([torch.nn.Parameter(torch.zeros(1))])
    )
    with pytest.raises(ValueError, match='end should be larger') as said:
        PARAM_SCHEDULERS.build(dict(LATER, end=20, optimizer=wrapper))
    assert 'max_iters' not in str(said.value)


@pytest.mark.parametrize(
    'schedule, named',
    [
        ([WARM_UP], 'param_scheduler.0.end=30'),
        (dict(LATER, begin=0, T_max=500), 'param_scheduler.T_max=500'),
        (
            dict(type='MultiStepLR', by_epoch=False, milestones=[3, 100]),
            'param_scheduler.milestones=[3, 100]',
        ),
        (dict(LATER, end=400), 'param_scheduler.end=400'),
    ],
)
def test_a_shorter_training_is_allowed(
    warnings: list[str], schedule: object, named: str
) -> None:
    check_schedule(training(dict(max_iters=4), schedule))
    [said] = warnings
    assert 'train_cfg.max_iters=4' in said and named in said


@pytest.mark.parametrize('path', LEAVES, ids=lambda path: path.stem)
def test_our_schedules_fit(path: Path, warnings: list[str]) -> None:
    check_schedule(Config.fromfile(path, import_custom_modules=False))
    assert warnings == []


def test_what_cannot_be_compared_is_left_alone(warnings: list[str]) -> None:
    check_schedule(training(dict(max_iters=4), None))
    check_schedule(training(dict(max_iters=4), [dict(type='StepLR', end=99)]))
    assert warnings == []
