# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Facial attention and heatmap losses."""

import copy
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from mmfacesr.models.pfsrnet import (
    DistilledFANHead,
    FacialAttentionLoss,
    ForegroundMSELoss,
    HeatmapLoss,
)
from mmfacesr.models.pfsrnet.heatmap_loss import normalise_heatmaps


def test_attention_by_hand() -> None:
    heatmap = torch.zeros(1, 2, 1, 2)
    heatmap[0, 0, 0, 0], heatmap[0, 1, 0, 0] = 0.25, 0.5
    heatmap.requires_grad_()
    pred = torch.full((1, 3, 1, 2), 3.0, requires_grad=True)
    loss = FacialAttentionLoss(loss_weight=4.0)
    value = loss(pred, torch.ones(1, 3, 1, 2), heatmap)
    # |3 - 1| * 0.5 at one of two pixels, times 4
    assert value.item() == pytest.approx(2.0)
    value.backward()
    assert heatmap.grad is None
    assert pred.grad[..., 0].eq(1 / 3).all() and pred.grad[..., 1].eq(0).all()


@pytest.mark.parametrize(
    'shape', [(2, 68, 8, 8), (1, 68, 4, 8), (1, 68, 8), (1, 68, 8, 4)]
)
def test_attention_refuses_other_sizes(shape: tuple) -> None:
    image = torch.zeros(1, 3, 8, 8)
    with pytest.raises(ValueError, match='Expected pred and target'):
        FacialAttentionLoss()(image, image, torch.zeros(shape))


def test_heatmaps_by_hand() -> None:
    target = torch.tensor([0.0, 1.0, 2.0, 4.0]).view(1, 2, 1, 2)
    pred = torch.tensor([-2.0, 0.0, 2.0, 2.0]).view(1, 2, 1, 2)
    own = torch.tensor([0.0, 0.5, 1.0, 1.0])
    other = torch.tensor([-1.0, 0.0, 1.0, 1.0])  # from the target's minimum
    wanted = torch.tensor([0.0, 0.25, 0.5, 1.0])
    for target_minimum, expected in ((False, own), (True, other)):
        loss = HeatmapLoss(2.0, target_minimum=target_minimum)
        value = loss(pred, target).item()
        assert value == pytest.approx(
            2 * ((expected - wanted) ** 2).mean().item()
        )


def test_flat_heatmaps_are_finite() -> None:
    pred = torch.full((1, 2, 4, 4), 0.3, requires_grad=True)
    target = torch.full((1, 2, 4, 4), 0.3)
    value = HeatmapLoss()(pred, target)
    value.backward()
    assert value == 0 and pred.grad.isfinite().all()
    with pytest.raises(ValueError, match='one shape'):
        HeatmapLoss()(pred, target[..., :2])


def test_each_sample_is_stretched_on_its_own() -> None:
    heatmap = (
        torch.rand(3, 5, 6, 6)
        * torch.tensor([1, 10, 0.1])[:, None, None, None]
    )
    stretched = normalise_heatmaps(heatmap)
    assert torch.equal(stretched.amin((1, 2, 3)), torch.zeros(3))
    assert torch.equal(stretched.amax((1, 2, 3)), torch.ones(3))
    channel = stretched[0, 0]
    assert channel.max() < 1 or stretched[0, 1:].max() < 1


def test_foreground_by_hand() -> None:
    pred, target = torch.tensor([0.5, 0.5]), torch.tensor([0.0, 1.0])
    loss = ForegroundMSELoss(foreground_weight=3.0, loss_weight=2.0)
    assert loss(pred, target).item() == pytest.approx(
        2 * (0.25 + 4 * 0.25) / 2
    )
    plain = ForegroundMSELoss()(pred, target)
    assert plain == torch.nn.functional.mse_loss(pred, target)


@pytest.fixture(scope='module')
def released() -> tuple[DistilledFANHead, dict]:
    """The released head and its losses; the tests skip without them."""
    folder = Path(__file__).resolve().parents[4] / 'shared/golden/pfsrnet'
    if not (folder / 'fan_pretrained.npz').is_file():
        pytest.skip('the released landmark head, without license, is missing')
    weights = np.load(folder / 'fan_pretrained.npz')
    head = DistilledFANHead()
    head.load_state_dict({k: torch.tensor(weights[k]) for k in weights.files})
    return head, dict(np.load(folder / 'losses.npz'))


def image_of(arrays: dict, name: str) -> Tensor:
    """(2, 3, 64, 64) in [-1, 1]."""
    return torch.from_numpy(arrays[name]).permute(0, 3, 1, 2) / 127.5 - 1


@pytest.mark.parametrize('mode', ['eval', 'train'])
def test_golden_losses_and_gradient(released: tuple, mode: str) -> None:
    head, arrays = released
    head = copy.deepcopy(head).train(mode == 'train')
    target = image_of(arrays, 'hr_uint8')
    image = image_of(arrays, 'sr_uint8').requires_grad_()
    with torch.no_grad():
        wanted = head(0.5 * target + 0.5)
    found = head(0.5 * image + 0.5)
    stretched = normalise_heatmaps(wanted)
    pixel = (image - target).abs().mean()
    attention = FacialAttentionLoss()(image, target, stretched)
    heatmap = HeatmapLoss(target_minimum=True)(found, wanted)
    for name, value in (
        ('pixel_loss', pixel),
        (f'{mode}_attention_loss', attention),
        (f'{mode}_heatmap_loss', heatmap),
    ):
        assert value.item() == pytest.approx(float(arrays[name]), rel=1e-4)
    np.testing.assert_allclose(
        stretched.amax(1, keepdim=True).numpy(),
        arrays[f'{mode}_attention_map'],
        atol=1e-5,
    )
    if mode == 'eval':
        own = HeatmapLoss()(found, wanted).item()
        assert own == pytest.approx(
            float(arrays['eval_heatmap_loss_own_min']), rel=1e-4
        )
    (10 * pixel + 500 * attention + 50 * heatmap).backward()
    gradient = arrays[f'{mode}_grad_step2_noadv_noperc']
    np.testing.assert_allclose(
        image.grad.numpy(), gradient, rtol=1e-4, atol=1e-4 * gradient.max()
    )
