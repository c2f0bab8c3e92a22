# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The adversarial schedule is read from a counter that is saved."""

import copy

import pytest
import torch
from mmengine.registry import MODELS, init_default_scope
from torch import nn

from mmfacesr.registry import MODELS as ROOT


@pytest.fixture(scope='module')
def restorer() -> nn.Module:
    import mmfacesr.models.runtime  # noqa: F401  registers

    init_default_scope('mmagic')
    if 'OnePixelNetwork' not in ROOT:
        ROOT.register_module(module=OnePixelNetwork)
    return MODELS.build(
        dict(
            type='FaceGANRestorer',
            generator=dict(type='OnePixelNetwork'),
            discriminator=dict(type='OnePixelNetwork'),
            gan_loss=dict(
                type='GANLoss',
                gan_type='vanilla',
                loss_weight=1.0,
                real_label_val=1.0,
                fake_label_val=0,
            ),
            pixel_loss=dict(type='L1Loss'),
            train_cfg=dict(pixel_init=10),
            data_preprocessor=dict(type='DataPreprocessor'),
        )
    )


class OnePixelNetwork(nn.Conv2d):
    """A network that is quick to build."""

    def __init__(self) -> None:
        super().__init__(3, 3, 1)


def test_counter_is_in_the_checkpoint(restorer: nn.Module) -> None:
    restorer.step_counter.fill_(7)
    state = copy.deepcopy(restorer.state_dict())
    assert state['step_counter'] == 7
    restorer.step_counter.fill_(0)
    restorer.load_state_dict(state)
    assert restorer.step_counter == 7


def test_mmagic_leaves_the_counter_out() -> None:
    """Tells when FaceGANRestorer need not register it again."""
    from mmfacesr.compat.mmagic_base import SRGAN

    plain = SRGAN(
        generator=dict(type='OnePixelNetwork'), pixel_loss=dict(type='L1Loss')
    )
    assert 'step_counter' not in plain.state_dict(), 'MMagic has mended it'


def test_adversarial_part_starts_on_time(restorer: nn.Module) -> None:
    for step, expected in ((0, False), (9, False), (10, True), (500, True)):
        restorer.step_counter.fill_(step)
        assert restorer.adversarial() is expected
        assert restorer.if_run_d() is expected


def test_generator_learns_from_the_discriminator(restorer: nn.Module) -> None:
    image = torch.rand(2, 3, 4, 4, requires_grad=True)
    restorer.step_counter.fill_(10)
    losses = restorer.adversarial_losses(image, torch.rand(2, 3, 4, 4))
    assert list(losses) == ['loss_gan']
    losses['loss_gan'].backward()
    assert image.grad.abs().sum() > 0
