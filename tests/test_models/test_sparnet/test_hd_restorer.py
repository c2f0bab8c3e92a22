# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Training of SPARNetHD against its losses written out by hand."""

import copy
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from mmengine.dataset import pseudo_collate
from mmengine.optim import OptimWrapper, OptimWrapperDict
from mmengine.registry import MODELS, init_default_scope
from torch import Tensor, nn

from mmfacesr.apis.config import load_config

SIDE = 144


@pytest.fixture
def model(repo: Path) -> nn.Module:
    """The restorer of the config with narrow networks."""
    init_default_scope('mmagic')
    cfg = load_config(
        str(repo / 'configs/sparnet/sparnet-hd_attn2d_1xb2-10e_ffhq.py'),
        {
            'model.generator.min_ch': 4,
            'model.generator.max_ch': 8,
            'model.discriminator.base_ch': 4,
            'model.discriminator.max_ch': 8,
            'model.feature_loss.loss_weight': 0,
        },
    )
    torch.manual_seed(0)
    return MODELS.build(cfg.model).train()


def batch() -> dict:
    """Two faces of noise and their bad versions."""
    from mmfacesr.compat.mmagic_base import DataSample

    draw = torch.Generator().manual_seed(1)

    def image() -> Tensor:
        return torch.randint(0, 256, (3, SIDE, SIDE), generator=draw).byte()

    return pseudo_collate(
        [
            dict(inputs=image(), data_samples=DataSample(gt_img=image()))
            for _ in range(2)
        ]
    )


def still(model: nn.Module) -> nn.Module:
    """A copy whose spectral norms do not move."""
    return copy.deepcopy(model).eval()


def test_losses_by_hand(model: nn.Module) -> None:
    model.eval()
    data = model.data_preprocessor(batch(), True)
    target = data['data_samples'].gt_img
    with torch.no_grad():
        image = model.generator(data['inputs'])
        losses = model.g_step(image, target)
        discriminator = model.d_step_real(image, target)
        discriminator = discriminator + model.d_step_fake(image, target)
        fake, seen = model.discriminator(image, return_features=True)
        real, wanted = model.discriminator(target, return_features=True)
    matching = sum(
        F.l1_loss(a, b) for scale in zip(seen, wanted) for a, b in zip(*scale)
    )
    hinge = sum(
        0.5 * (F.relu(1 + f).mean() + F.relu(1 - r).mean())
        for f, r in zip(fake, real)
    )
    by_hand = dict(
        loss_pix=100 * (image - target).abs().mean(),
        loss_feature_matching=10 * matching / 3,
        loss_gan=-sum(score.mean() for score in fake) / 3,
        loss_feature=torch.tensor(0.0),
    )
    assert losses.keys() == by_hand.keys()
    for name, value in by_hand.items():
        torch.testing.assert_close(losses[name], value, msg=name)
    torch.testing.assert_close(discriminator, hinge / 3)


def test_a_step_is_the_reference_step(model: nn.Module) -> None:
    """Generator first, then discriminator, both on the old image."""
    before = still(model)
    optimizers = OptimWrapperDict(
        generator=OptimWrapper(
            torch.optim.SGD(model.generator.parameters(), 1e-3)
        ),
        discriminator=OptimWrapper(
            torch.optim.SGD(model.discriminator.parameters(), 1e-3)
        ),
    )
    seen = []
    model.discriminator.register_forward_pre_hook(
        lambda _, inputs: seen.append(inputs[0].detach().clone())
    )
    logs = model.train_step(batch(), optimizers)
    assert sorted(logs) == [
        'loss_d_fake',
        'loss_d_real',
        'loss_feature',
        'loss_feature_matching',
        'loss_gan',
        'loss_pix',
    ]
    assert all(value.isfinite() for value in logs.values())
    target, image, real, fake = seen
    assert torch.equal(target, real) and torch.equal(image, fake)
    for part in ('generator', 'discriminator'):
        old = dict(getattr(before, part).named_parameters())
        for name, new in getattr(model, part).named_parameters():
            # Real and fake push its bias alike while all scores are small.
            if not name.endswith('score_out.conv2d.bias'):
                assert not torch.equal(new, old[name]), f'{part}.{name}'
    for parameter in model.discriminator.parameters():
        assert parameter.requires_grad


def test_generator_step_leaves_no_gradient_in_the_discriminator(
    model: nn.Module,
) -> None:
    image = torch.rand(1, 3, SIDE, SIDE, requires_grad=True)
    model.discriminator.requires_grad_(False)
    losses = model.adversarial_losses(image, torch.rand(1, 3, SIDE, SIDE))
    sum(losses.values()).backward()
    assert image.grad.abs().sum() > 0
    assert all(p.grad is None for p in model.discriminator.parameters())
