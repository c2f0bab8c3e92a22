# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Adversarial loss over the scales of a discriminator."""

from collections.abc import Callable
from math import exp, log
from pathlib import Path

import numpy as np
import pytest
import torch

from mmfacesr.models.sparnet import MultiScaleGANLoss
from mmfacesr.registry import MODELS

MODES = ('hinge', 'vanilla', 'lsgan', 'wgan', 'softwgan')
SCORES = [torch.tensor([[[[-3.0, 0.5]]]]), torch.tensor([[[[2.0]]]])]


def by_hand(term: Callable[[float], float]) -> float:
    """Mean over the scales of SCORES of the mean of a term."""
    return ((term(-3.0) + term(0.5)) / 2 + term(2.0)) / 2


def softplus(x: float) -> float:
    return log(1 + exp(x))


BY_HAND = {  # terms of real, fake and generator
    'hinge': (
        lambda s: max(0, 1 - s),
        lambda s: max(0, 1 + s),
        lambda s: -s,
    ),
    'vanilla': (
        lambda s: -log(1 / (1 + exp(-s))),
        lambda s: -log(1 - 1 / (1 + exp(-s))),
        lambda s: -log(1 / (1 + exp(-s))),
    ),
    'lsgan': (
        lambda s: (s - 1) ** 2,
        lambda s: s**2,
        lambda s: (s - 1) ** 2,
    ),
    'wgan': (lambda s: -s, lambda s: s, lambda s: -s),
    'softwgan': (
        lambda s: softplus(-s),
        softplus,
        lambda s: softplus(-s),
    ),
}


@pytest.mark.parametrize('mode', MODES)
def test_golden_values(golden: Path, mode: str) -> None:
    data = np.load(
        golden / 'sparnet/discriminator_losses.npz', allow_pickle=False
    )
    fake, real = (
        [torch.from_numpy(data[f'score_{which}_{i}']) for i in range(3)]
        for which in ('fake', 'real')
    )
    name = 'wgangp' if mode == 'wgan' else mode
    # The weight is the generator's alone.
    loss = MODELS.build(
        dict(type='MultiScaleGANLoss', gan_type=mode, loss_weight=2.0)
    )
    generator = loss(fake, target_is_real=True, is_disc=False)
    discriminator = loss(real, target_is_real=True, is_disc=True)
    discriminator += loss(fake, target_is_real=False, is_disc=True)
    for value, wanted in (
        (generator, 2 * data[f'g_{name}']),
        (discriminator, data[f'd_{name}']),
    ):
        assert value.item() == pytest.approx(wanted, rel=1e-4)


@pytest.mark.parametrize('mode', MODES)
def test_values_by_hand(mode: str) -> None:
    real, fake, generator = BY_HAND[mode]
    loss = MultiScaleGANLoss(mode, loss_weight=3.0)
    for value, wanted in (
        (loss(SCORES, True, True), 0.5 * by_hand(real)),
        (loss(SCORES, False, True), 0.5 * by_hand(fake)),
        (loss(SCORES, True), 3 * by_hand(generator)),
        (loss(SCORES[1], True), 3 * generator(2.0)),
        (loss(tuple(SCORES[1:]), False, True), 0.5 * fake(2.0)),
    ):
        assert value.shape == ()
        assert value.item() == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize('mode', MODES)
@pytest.mark.parametrize(
    'target_is_real, is_disc', [(True, False), (True, True), (False, True)]
)
def test_gradient(mode: str, target_is_real: bool, is_disc: bool) -> None:
    torch.manual_seed(0)
    loss = MultiScaleGANLoss(mode, loss_weight=0.3)
    scores = [
        torch.randn(2, 1, size, size).double().requires_grad_()
        for size in (3, 2)
    ]
    assert torch.autograd.gradcheck(
        lambda *scores: loss(scores, target_is_real, is_disc), scores
    )


@pytest.mark.parametrize('mode', MODES)
def test_finite_and_float32_in_half_precision(mode: str) -> None:
    scores = [torch.tensor([[[[-300.0, 0.5, 300.0]]]]).bfloat16()]
    with torch.autocast('cpu', torch.bfloat16):
        values = [
            MultiScaleGANLoss(mode)(scores, *how)
            for how in ((True,), (True, True), (False, True))
        ]
    for value in values:
        assert value.dtype == torch.float32 and value.isfinite()


def test_default_is_hinge() -> None:
    wanted = MultiScaleGANLoss('hinge')(SCORES, True, True)
    assert MultiScaleGANLoss()(SCORES, True, True) == wanted


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="'softwgan'.* got 'wgangp'"):
        MultiScaleGANLoss('wgangp')
    with pytest.raises(ValueError, match='at least one scale'):
        MultiScaleGANLoss()([], True)
    with pytest.raises(ValueError, match='is_disc=True'):
        MultiScaleGANLoss()(SCORES, False)
