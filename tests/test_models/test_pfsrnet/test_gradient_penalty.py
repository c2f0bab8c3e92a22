# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The discriminator's losses, against the reference's and by hand."""

import json
import math
from functools import partial
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from mmengine.registry import MODELS, init_default_scope
from torch import Tensor

import mmfacesr.models.pfsrnet.gradient_penalty as discriminator_module
from mmfacesr.models.pfsrnet import PFSRNetDiscriminator
from mmfacesr.models.pfsrnet.gradient_penalty import gradient_penalty


@pytest.fixture(scope='module')
def discriminator(golden: Path, fill: ModuleType) -> PFSRNetDiscriminator:
    """The full discriminator with unit weights."""
    keys = golden / 'pfsrnet/discriminator_keys.json'
    state = fill.fill_state_dict(json.loads(keys.read_text()))
    network = PFSRNetDiscriminator()
    for key, value in state.items():
        if key.endswith('weight_orig'):
            scale = math.sqrt(np.prod(value.shape[1:]))
            value = (value.astype(np.float64) * scale).astype(np.float32)
        state[key] = torch.as_tensor(value)
    network.load_state_dict(state)
    return network


@pytest.mark.parametrize(
    'name, step, alpha', [('step1', 1, 1.0), ('step2_a030', 2, 0.3)]
)
def test_golden(
    golden: Path,
    fill: ModuleType,
    discriminator: PFSRNetDiscriminator,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    step: int,
    alpha: float,
) -> None:
    arrays = np.load(golden / 'pfsrnet/critic_losses.npz')
    side = 16 * 2**step
    real, fake = (
        torch.from_numpy(fill.image_batch((3, 3, side, side), seed) * 2 - 1)
        for seed in (31, 32)
    )
    places = np.random.RandomState(33).rand(3, 1, 1, 1).astype(np.float32)
    monkeypatch.setattr(torch, 'rand', lambda *_: torch.from_numpy(places))
    init_default_scope('mmagic')
    gan = MODELS.build(dict(type='GANLoss', gan_type='wgan'))
    drift = MODELS.build(dict(type='DiscShiftLoss', loss_weight=0.001))
    scores = partial(discriminator, step=step, alpha=alpha)
    penalty = gradient_penalty(scores, real, fake, draw=0)
    total = (
        gan(scores(real), True, is_disc=True)
        + gan(scores(fake), False, is_disc=True)
        + drift(scores(real))
        + 10 * penalty
    )
    adversarial = gan(scores(fake), True, is_disc=False)
    discriminator.zero_grad()
    total.backward()
    first = discriminator.step1[0].conv[0].conv.weight_orig.grad.norm()
    for key, value in dict(
        gp=penalty,
        d_loss=total,
        g_adv=adversarial,
        d_loss_grad_step1_conv0_weight_norm=first,
    ).items():
        wanted = float(arrays[f'gan_{name}_{key}'])
        assert value.item() == pytest.approx(wanted, rel=1e-4), key
    np.testing.assert_allclose(
        discriminator.linear2.weight.grad[:, :64].numpy(),
        arrays[f'gan_{name}_d_loss_grad_linear2_weight'],
        rtol=1e-4,
        atol=1e-5,
    )


def slope(image: Tensor) -> Tensor:
    """A discriminator whose gradient is 0.5 at each of 3 * 4 pixels."""
    return 0.5 * image.flatten(1).sum(1)


def test_penalty_by_hand_is_of_whole_images() -> None:
    image = torch.rand(2, 3, 2, 2)
    wanted = (0.5 * math.sqrt(12) - 1) ** 2
    value = gradient_penalty(slope, image, image.flip(0), draw=0)
    assert value.item() == pytest.approx(wanted, rel=1e-6)
    from mmfacesr.compat.mmagic_base import gradient_penalty_loss

    of_pixels = gradient_penalty_loss(slope, image, image)
    assert of_pixels.item() != pytest.approx(wanted), (
        "MMagic's default has become what is wanted; leave norm_mode out"
    )


def square(image: Tensor) -> Tensor:
    """A discriminator whose gradient depends on the place."""
    return (image**2).flatten(1).sum(1)


def test_draws_are_the_iterations_own() -> None:
    real, fake = torch.rand(2, 2, 3, 4, 4)
    torch.manual_seed(5)
    state = torch.get_rng_state()
    first = gradient_penalty(square, real, fake, draw=7)
    assert torch.equal(torch.get_rng_state(), state), 'others draw as before'
    torch.rand(3)
    assert gradient_penalty(square, real, fake, draw=7) == first
    assert gradient_penalty(square, real, fake, draw=8) != first


def test_autocast_changes_neither_the_penalty_nor_its_gradient() -> None:
    """In bfloat16, CPUs with AMX turn the gradient by 42 degrees."""
    torch.manual_seed(0)
    network = PFSRNetDiscriminator(mid_channels=32)
    real, fake = torch.rand(2, 2, 3, 32, 32)
    found = []
    for enabled in (False, True):
        with torch.autocast('cpu', torch.bfloat16, enabled=enabled):
            value = gradient_penalty(network, real, fake.bfloat16(), draw=0)
        layer = network.step3[0].conv[0].conv
        found.append((value, *torch.autograd.grad(value, layer.weight_orig)))
    torch.testing.assert_close(found[1], found[0], rtol=1e-5, atol=1e-7)


@pytest.mark.skipif(not torch.cuda.is_available(), reason='needs a GPU')
def test_no_float16_on_a_gpu() -> None:
    image = torch.rand(1, 3, 4, 4, device='cuda')
    seen = []

    def scores(x: Tensor) -> Tensor:
        seen.append(torch.is_autocast_enabled())
        return x.sum((1, 2, 3))

    with torch.autocast('cuda', torch.float16):
        gradient_penalty(scores, image, image, draw=0)
    assert seen == [False]


def test_module_uses_the_bases_function() -> None:
    assert discriminator_module.gradient_penalty_loss.__module__.startswith(
        'mmagic'
    )
