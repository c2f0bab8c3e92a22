# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Training of ELSFace against its losses and schedule by hand."""

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.optim import OptimWrapper
from mmengine.registry import MODELS, PARAM_SCHEDULERS, init_default_scope
from torch import Tensor, nn

from mmfacesr.apis.config import load_config

LEAVES = [
    'elsface_x4_1xb16-40e_celeba',
    'elsface_x8_1xb16-40e_celeba',
    'elsface_x4-bicubic_1xb16-40e_celeba',
    'elsface_x8-bicubic_1xb16-40e_celeba',
]


def config_of(repo: Path, name: str) -> Config:
    """The config with a narrow network."""
    init_default_scope('mmagic')
    return load_config(
        str(repo / f'configs/elsface/{name}.py'),
        dict(model=dict(generator=dict(mid_channels=6))),
    )


@pytest.fixture
def model(repo: Path) -> nn.Module:
    """The restorer of the config with a narrow network."""
    cfg = config_of(repo, LEAVES[0])
    torch.manual_seed(0)
    return MODELS.build(cfg.model).train()


def batch() -> dict:
    """Two faces of noise and their small versions, RGB."""
    from mmfacesr.compat.mmagic_base import DataSample

    draw = torch.Generator().manual_seed(1)

    def image(side: int) -> Tensor:
        return torch.randint(0, 256, (3, side, side), generator=draw).byte()

    samples = []
    for _ in range(2):
        sample = DataSample(gt_img=image(128))
        # The order that pipelines give, which the preprocessor turns back.
        sample.set_metainfo(
            dict(gt_channel_order='rgb', img_channel_order='rgb')
        )
        samples.append(dict(inputs=image(32), data_samples=sample))
    return pseudo_collate(samples)


def sharpened(image: Tensor) -> Tensor:
    """Unsharp masking as the paper's code does it: one 51x51 convolution."""
    offsets = torch.arange(-25.0, 26.0, dtype=torch.float64)
    taps = torch.exp(-(offsets**2) / 128)
    taps = (taps / taps.sum()).float()
    kernel = torch.outer(taps, taps).expand(3, 1, 51, 51)
    padded = F.pad(image, (25,) * 4, mode='reflect')
    return image + 0.5 * (image - F.conv2d(padded, kernel, groups=3))


def test_losses_by_hand(model: nn.Module) -> None:
    raw = batch()
    wanted = torch.stack([s.gt_img for s in raw['data_samples']]) / 255
    inputs = torch.stack(raw['inputs']) / 255
    data = model.data_preprocessor(raw, True)
    torch.testing.assert_close(data['inputs'], inputs)
    torch.testing.assert_close(data['data_samples'].gt_img, wanted)
    with torch.no_grad():
        losses = model(**data, mode='loss')
        image = model.generator(inputs)
        sharp = (sharpened(image) - sharpened(wanted)).abs().mean()
    assert losses.keys() == {'loss_pix', 'loss_sharp'}
    torch.testing.assert_close(
        losses['loss_pix'], (image - wanted).abs().mean()
    )
    torch.testing.assert_close(losses['loss_sharp'], 5e-2 * sharp)


def test_a_step_follows_the_gradient_of_the_sum(model: nn.Module) -> None:
    optim = OptimWrapper(torch.optim.SGD(model.parameters(), lr=1.0))
    data = model.data_preprocessor(batch(), True)
    losses = model(**data, mode='loss')
    sum(losses.values()).backward()
    before = {
        name: (parameter.detach().clone(), parameter.grad.clone())
        for name, parameter in model.named_parameters()
    }
    model.zero_grad()
    logs = model.train_step(batch(), optim)
    assert logs.keys() == {'loss', 'loss_pix', 'loss_sharp'}
    torch.testing.assert_close(
        logs['loss'], logs['loss_pix'] + logs['loss_sharp']
    )
    for name, parameter in model.named_parameters():
        value, gradient = before[name]
        assert gradient.abs().sum() > 0, name
        torch.testing.assert_close(parameter, value - gradient, msg=name)


def test_prediction_is_clamped_bgr(model: nn.Module) -> None:
    model.eval()
    nn.init.constant_(model.generator.tail[2].weight, 0)
    model.generator.tail[2].bias.data = torch.tensor([-0.5, 0.25, 1.5])
    first, second = model.test_step(batch())
    assert torch.equal(first.output.pred_img, second.output.pred_img)
    assert first.output.pred_img.shape == (3, 128, 128)
    blue, green, red = first.output.pred_img.unbind()
    assert blue.eq(255).all() and red.eq(0).all()
    torch.testing.assert_close(green, torch.full((128, 128), 63.75))
    # The ground truth beside it, which metrics read, is BGR as well.
    wanted = batch()['data_samples'][0].gt_img.flip(0)
    assert torch.equal(first.gt_img, wanted)


def test_network_is_not_clamped_in_training(model: nn.Module) -> None:
    nn.init.constant_(model.generator.tail[2].weight, 0)
    nn.init.constant_(model.generator.tail[2].bias, 2.0)
    data = model.data_preprocessor(batch(), True)
    losses = model(**data, mode='loss')
    wanted = 2 - data['data_samples'].gt_img.mean()
    torch.testing.assert_close(losses['loss_pix'], wanted)


@pytest.mark.parametrize('name', LEAVES)
def test_optimizer_and_schedule_are_the_papers(repo: Path, name: str) -> None:
    """Through mmengine's own scheduler: lr(e) = 1e-4 * (1 - e / 40)."""
    cfg = config_of(repo, name)
    assert cfg.train_cfg.type == 'EpochBasedTrainLoop'
    assert cfg.train_cfg.max_epochs == 40
    assert cfg.train_dataloader.batch_size == 16
    options = dict(cfg.optim_wrapper.optimizer)
    assert cfg.optim_wrapper.type == 'OptimWrapper'
    assert options.pop('type') == 'Adam'  # decays weights as plain L2
    weight = nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.Adam([weight], **options)
    group = optimizer.param_groups[0]
    assert group['betas'] == (0.9, 0.999) and group['eps'] == 1e-8
    assert group['weight_decay'] == 1e-5
    scheduler = PARAM_SCHEDULERS.build(
        dict(cfg.param_scheduler, optimizer=optimizer)
    )
    assert scheduler.by_epoch
    rates = []
    for _ in range(40):
        rates.append(group['lr'])
        optimizer.step()
        scheduler.step()
    wanted = [1e-4 * (1 - epoch / 40) for epoch in range(40)]
    assert rates == pytest.approx(wanted, rel=1e-9)
    assert rates[-1] == pytest.approx(2.5e-6)
