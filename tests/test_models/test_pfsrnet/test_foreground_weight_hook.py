# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The weight of the peaks falls by the same factor in every iteration."""

from types import SimpleNamespace

import pytest
import torch
from mmengine.registry import MODEL_WRAPPERS
from torch import nn

from mmfacesr.models.pfsrnet import ForegroundMSELoss
from mmfacesr.models.pfsrnet.foreground_weight_hook import ForegroundWeightHook
from mmfacesr.registry import HOOKS


class Restorer(nn.Module):
    """As much of a restorer as the hook looks at."""

    def __init__(self) -> None:
        super().__init__()
        self.pixel_loss = ForegroundMSELoss()


@MODEL_WRAPPERS.register_module()
class ForegroundTestWrapper(nn.Module):
    """As much of a distributed wrapper as the hook looks at."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module


def weight_at(
    hook: ForegroundWeightHook, iteration: int, of: int, wrapped: bool = False
) -> float:
    """The weight of the loss after the hook has seen the iteration."""
    restorer = Restorer()
    model = ForegroundTestWrapper(restorer) if wrapped else restorer
    runner = SimpleNamespace(model=model, iter=iteration, max_iters=of)
    hook.before_train_iter(runner, batch_idx=iteration)
    return restorer.pixel_loss.foreground_weight


@pytest.mark.parametrize('wrapped', [False, True])
@pytest.mark.parametrize(
    'first, last, iteration, weight',
    [
        (50, 1, 0, 50.0),
        (50, 1, 100, 7.0710678),  # the root of 50
        (50, 1, 200, 1.0),
        (16, 1, 50, 8.0),  # a quarter of the way: 16 ** (3 / 4)
        (1, 4, 100, 2.0),  # it may grow too
        (3, 3, 77, 3.0),
    ],
)
def test_spot_values(
    first: float, last: float, iteration: int, weight: float, wrapped: bool
) -> None:
    hook = ForegroundWeightHook(first=first, last=last)
    assert weight_at(hook, iteration, 200, wrapped) == pytest.approx(weight)


def test_a_new_hook_goes_on_where_another_was() -> None:
    """Nothing is kept: the runner's iteration alone says the weight."""
    one = ForegroundWeightHook()
    course = [weight_at(one, iteration, 10) for iteration in range(10)]
    assert [
        weight_at(ForegroundWeightHook(), iteration, 10)
        for iteration in range(5, 10)
    ] == course[5:]
    factors = [after / before for before, after in zip(course, course[1:])]
    assert factors == pytest.approx([50**-0.1] * 9)


def test_the_loss_counts_with_the_weight_of_the_iteration() -> None:
    restorer = Restorer()
    hook = HOOKS.build(dict(type='ForegroundWeightHook', first=4.0, last=1.0))
    runner = SimpleNamespace(model=restorer, iter=1, max_iters=2)
    hook.before_train_iter(runner, batch_idx=1)
    # Weight 2: (1 + 2 * 1) * 0.5 ** 2 and (1 + 0) * 0.1 ** 2, their mean.
    loss = restorer.pixel_loss(
        torch.tensor([[[[0.5, 0.1]]]]), torch.tensor([[[[1.0, 0.0]]]])
    )
    assert loss.item() == pytest.approx((0.75 + 0.01) / 2)


@pytest.mark.parametrize('first, last', [(0, 1), (50, 0), (-1, 1), (50, -2)])
def test_a_weight_of_0_is_refused(first: float, last: float) -> None:
    with pytest.raises(ValueError, match='first and last above 0'):
        ForegroundWeightHook(first=first, last=last)


def test_a_loss_without_such_a_weight_is_refused() -> None:
    restorer = Restorer()
    runner = SimpleNamespace(model=restorer)
    ForegroundWeightHook().before_train(runner)
    restorer.pixel_loss = nn.MSELoss()
    with pytest.raises(ValueError, match='ForegroundMSELoss, got MSELoss'):
        ForegroundWeightHook().before_train(runner)
