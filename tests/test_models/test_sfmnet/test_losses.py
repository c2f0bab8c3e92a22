# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""SFMNet's losses against golden values, and who learns from them."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from torch import Tensor, nn

from mmfacesr.models.sfmnet import SpectralLoss
from mmfacesr.models.sfmnet.network import FacePair
from mmfacesr.registry import MODELS

CONFIGS = Path(__file__).parents[3] / 'configs/sfmnet'


def restorer(name: str) -> nn.Module:
    """A restorer of a config, its network in small."""
    init_default_scope('mmagic')
    (path,) = CONFIGS.glob(name)
    cfg = Config.fromfile(path)
    cfg.model.generator.update(mid_channels=8, num_blocks=1)
    if cfg.model.get('feature_loss'):  # no weights can be fetched offline
        cfg.model.feature_loss.loss_weight = 0
    torch.manual_seed(0)
    return MODELS.build(cfg.model)


@pytest.fixture
def gan() -> nn.Module:
    """SFMGAN, behind its start."""
    return restorer('sfmnet_gan-*')


def test_each_loss_meets_its_golden_value(
    sfmnet_arrays: Callable, sfmnet_input: Callable
) -> None:
    arrays = sfmnet_arrays('training')
    pred, target = (sfmnet_input((2, 3, 128, 128), seed) for seed in (2, 3))
    amplitude, phase = SpectralLoss(loss_weight=1.0)(pred, target)
    assert amplitude.item() == pytest.approx(arrays['amplitude'], rel=1e-6)
    assert phase.item() == pytest.approx(arrays['phase'], rel=1e-6)


def test_sum_meets_its_golden_value(
    sfmnet_arrays: Callable, sfmnet_input: Callable
) -> None:
    from mmfacesr.models.sfmnet.restorer import pair_losses

    model = restorer('sfmnet_x8*')
    pred, target = (sfmnet_input((2, 3, 128, 128), seed) for seed in (2, 3))
    losses = pair_losses(
        FacePair(pred, pred), target, model.pixel_loss, model.spectral_loss
    )
    wanted = sfmnet_arrays('training')['total_psnr_stage']
    # The phases of float32: some lie near the cut.
    assert sum(losses.values()).item() == pytest.approx(wanted, rel=2e-4)


def test_spectral_loss_refuses_other_shapes() -> None:
    with pytest.raises(ValueError, match='one shape'):
        SpectralLoss()(torch.zeros(1, 3, 8, 8), torch.zeros(1, 3, 8, 16))


def test_spectral_loss_is_in_float32_under_autocast() -> None:
    pred, target = torch.rand(2, 1, 3, 16, 16)
    wanted = SpectralLoss()(pred, target)
    with torch.autocast('cpu', torch.bfloat16):
        assert SpectralLoss()(pred, target) == wanted


def gradients(loss: Tensor, network: nn.Module) -> list[Tensor]:
    """Gradients of a loss, of each parameter of a network."""
    return torch.autograd.grad(loss, list(network.parameters()))


@pytest.mark.parametrize('is_real', [True, False])
def test_both_discriminators_learn_from_real_and_restored_faces(
    gan: nn.Module, is_real: bool
) -> None:
    face = torch.rand(1, 3, 128, 128)
    loss = gan.discriminator_loss(face, is_real)
    assert all(grad.any() for grad in gradients(loss, gan.discriminator))
    scores = gan.judge(face)
    wanted = sum(
        weight * nn.functional.softplus(-score if is_real else score).mean()
        for weight, score in zip((1, 0.1), scores)
    )
    torch.testing.assert_close(loss, wanted)


def test_every_adversarial_loss_reaches_the_generator(gan: nn.Module) -> None:
    class Features(nn.Module):
        """In place of VGG19: brightness."""

        def forward(self, pred: Tensor, target: Tensor) -> Tensor:
            return (pred.mean() - target.mean()).abs()

    gan.feature_loss = Features()
    target = torch.rand(1, 3, 128, 128)
    pair = gan.forward_tensor(torch.rand_like(target), training=True)
    losses = gan.g_step(pair, target)
    scores = gan.judge(pair.image)
    for name, score, weight in (
        ('loss_gan', scores.image, 0.0005),
        ('loss_gan_spectrum', scores.spectrum, 0.1),
    ):
        wanted = weight * nn.functional.softplus(-score).mean()
        torch.testing.assert_close(losses[name], wanted)
    for name in ('loss_gan', 'loss_gan_spectrum', 'loss_feature'):
        (grad,) = torch.autograd.grad(
            losses[name], [pair.image], retain_graph=True
        )
        assert grad.any(), name


def test_divergence_is_seen_in_gradients() -> None:
    """The network replaces NaN; what stops a training looks at gradients."""
    model = restorer('sfmnet-small*')
    with torch.no_grad():
        model.generator.frequency.neck.first.before.weight[0] = float('nan')
    pair = model.generator(torch.rand(1, 3, 32, 32))
    assert all(image.isfinite().all() for image in pair)
    sum(image.mean() for image in pair).backward()
    norms = [p.grad.norm() for p in model.generator.parameters()]
    assert not torch.stack(norms).isfinite().all()
