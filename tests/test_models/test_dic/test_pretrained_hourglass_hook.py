# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The hourglass stays bit for bit as it was while it is frozen."""

from pathlib import Path
from types import SimpleNamespace
from typing import Optional

import pytest
import torch
from mmengine.optim import OptimWrapper
from torch import nn

from mmfacesr.models.dic import DICGenerator
from mmfacesr.models.dic.pretrained_hourglass_hook import (
    PretrainedHourglassHook,
)

SIZES = dict(mid_channels=8, num_blocks=1, num_steps=2, hg_mid_channels=16)


class Restorer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.generator = DICGenerator(**SIZES)


def make_runner(load_from: Optional[str] = None) -> SimpleNamespace:
    model = Restorer()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    return SimpleNamespace(
        model=model,
        iter=0,
        optim_wrapper=OptimWrapper(optimizer),
        _load_from=load_from,
        _resume=False,
    )


def train(runner: SimpleNamespace, iterations: int) -> None:
    for _ in range(iterations):
        images, heatmaps = runner.model.generator(torch.rand(1, 3, 8, 8))
        loss = sum(x.square().mean() for x in images + heatmaps)
        runner.optim_wrapper.update_params(loss)
        runner.iter += 1


def changed(runner: SimpleNamespace, before: dict) -> 'set[str]':
    """'hourglass', 'rest' or both."""
    return {
        'hourglass' if 'hour_glass' in key else 'rest'
        for key, value in runner.model.state_dict().items()
        if not torch.equal(value, before[key])
    }


def snapshot(runner: SimpleNamespace) -> dict:
    return {k: v.clone() for k, v in runner.model.state_dict().items()}


@pytest.fixture
def weights(tmp_path: Path) -> str:
    torch.manual_seed(9)
    hourglass = DICGenerator(**SIZES).hour_glass
    path = tmp_path / 'hourglass.pth'
    torch.save(dict(state_dict=hourglass.state_dict()), path)
    return str(path)


def test_frozen_then_released_by_iteration(weights: str) -> None:
    runner = make_runner()
    hook = PretrainedHourglassHook(weights=weights, frozen_iters=2)
    hook.before_train(runner)
    loaded = torch.load(weights, weights_only=True)['state_dict']
    for key, value in runner.model.generator.hour_glass.state_dict().items():
        assert torch.equal(value, loaded[key])
    before = snapshot(runner)
    train(runner, 2)
    assert changed(runner, before) == {'rest'}
    states = runner.optim_wrapper.optimizer.state
    assert not any(
        p in states for p in runner.model.generator.hour_glass.parameters()
    )
    train(runner, 1)
    assert changed(runner, before) == {'hourglass', 'rest'}
    assert all(p.requires_grad for p in runner.model.parameters())


def test_a_resumed_run_is_still_frozen_and_not_loaded_again(
    weights: str,
) -> None:
    runner = make_runner()
    hook = PretrainedHourglassHook(weights=weights, frozen_iters=3)
    hook.before_train(runner)
    train(runner, 1)
    checkpoint: dict = {}
    hook.before_save_checkpoint(runner, checkpoint)
    resumed = make_runner()
    resumed.iter, resumed._resume = 1, True
    again = PretrainedHourglassHook(weights='gone.pth', frozen_iters=3)
    again.after_load_checkpoint(resumed, checkpoint)
    again.before_train(resumed)
    before = snapshot(resumed)
    train(resumed, 2)
    assert changed(resumed, before) == {'rest'}
    train(resumed, 1)
    assert changed(resumed, before) == {'hourglass', 'rest'}


@pytest.mark.parametrize(
    'hook',
    [
        PretrainedHourglassHook(weights=None, frozen_iters=5),
        PretrainedHourglassHook(with_generator=True, frozen_iters=-1),
    ],
)
def test_without_weights_it_is_trained(hook: PretrainedHourglassHook) -> None:
    runner = make_runner()
    hook.before_train(runner)
    before = snapshot(runner)
    train(runner, 1)
    assert changed(runner, before) == {'hourglass', 'rest'}


def test_frozen_for_good_when_fine_tuning() -> None:
    runner = make_runner(load_from='best.pth')
    PretrainedHourglassHook(with_generator=True, frozen_iters=-1).before_train(
        runner
    )
    before = snapshot(runner)
    train(runner, 3)
    assert changed(runner, before) == {'rest'}
