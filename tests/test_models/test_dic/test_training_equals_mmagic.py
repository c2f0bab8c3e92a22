# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""DIC and DICGAN train as MMagic's DIC does, from the same weights."""

import pytest
import torch
from mmengine.optim import OptimWrapper, OptimWrapperDict
from mmengine.registry import MODELS, init_default_scope
from torch import Tensor, nn

ITERATIONS = {False: 20, True: 6}
"""Adversarial training magnifies the last bit of a sum, hence fewer."""
TOLERANCE = 1e-4
SIZES = dict(mid_channels=8, num_blocks=2, num_steps=2, hg_mid_channels=32)
LOSSES = dict(
    pixel_loss=dict(type='L1Loss', loss_weight=1.0),
    align_loss=dict(type='MSELoss', loss_weight=0.1),
    data_preprocessor=dict(
        type='DataPreprocessor', mean=[129.795, 108.12, 96.39], std=[255] * 3
    ),
)


def batches(count: int) -> list[dict]:
    """The same batches for both: LR, HR and heatmaps of noise."""
    from mmfacesr.compat.mmagic_base import DataSample

    draw = torch.Generator().manual_seed(0)

    def image(size: int) -> Tensor:
        return torch.randint(0, 256, (3, size, size), generator=draw)

    return [
        dict(
            inputs=[image(16) for _ in range(2)],
            data_samples=[
                DataSample(
                    gt_img=image(128),
                    gt_heatmap=torch.rand(68, 32, 32, generator=draw),
                )
                for _ in range(2)
            ],
        )
        for _ in range(count)
    ]


def optimizer(module: nn.Module, lr: float = 1e-4) -> OptimWrapper:
    return OptimWrapper(torch.optim.Adam(module.parameters(), lr=lr))


def train(model: nn.Module, adversarial: bool) -> list[dict[str, float]]:
    """Train; the logged losses of every iteration."""
    model.train()
    optim = {'generator': optimizer(model.generator)}
    if adversarial:
        optim['discriminator'] = optimizer(model.discriminator, 1e-5)
    multi = adversarial or type(model).__name__ == 'DIC'
    wrapper = OptimWrapperDict(**optim) if multi else optim['generator']
    logs = []
    for batch in batches(ITERATIONS[adversarial]):
        log = model.train_step(batch, wrapper)
        logs.append(
            {key: value.item() for key, value in log.items() if key != 'loss'}
        )
    return logs


@pytest.mark.parametrize(
    'adversarial', [pytest.param(False, marks=pytest.mark.slow), True]
)
def test_same_losses_and_weights(adversarial: bool) -> None:
    import mmfacesr.models.runtime  # noqa: F401  registers

    init_default_scope('mmagic')
    ours_only, theirs_only = dict(type='DICRestorer'), dict(type='DIC')
    if adversarial:
        gan = dict(
            gan_loss=dict(
                type='GANLoss',
                gan_type='vanilla',
                loss_weight=0.005,
                real_label_val=1.0,
                fake_label_val=0,
            ),
            train_cfg=dict(pixel_init=3, disc_repeat=2),
        )
        ours_only = dict(
            type='DICGANRestorer',
            discriminator=dict(type='DICDiscriminator'),
            **gan,
        )
        theirs_only.update(
            discriminator=dict(type='LightCNN', in_channels=3), **gan
        )
    ours = MODELS.build(
        dict(
            generator=dict(type='DICGenerator', **SIZES), **LOSSES, **ours_only
        )
    )
    theirs = MODELS.build(
        dict(
            generator=dict(
                type='DICNet', in_channels=3, out_channels=3, **SIZES
            ),
            **LOSSES,
            **theirs_only,
        )
    )
    theirs.generator.load_state_dict(ours.generator.state_dict())
    if adversarial:
        theirs.discriminator.load_state_dict(ours.discriminator.state_dict())
    for mine, his in zip(train(ours, adversarial), train(theirs, adversarial)):
        assert mine == pytest.approx(his, abs=TOLERANCE)
    his = theirs.generator.state_dict()
    for key, value in ours.generator.state_dict().items():
        assert (value - his[key]).abs().max() < TOLERANCE, key
