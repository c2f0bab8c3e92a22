# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Gradient checkpointing keeps less and changes nothing."""

import copy
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

import mmfacesr.models  # noqa: F401  registers the networks
from mmfacesr.models.common.checkpointing import (
    recompute_in_backward,
    recomputed_units,
)
from mmfacesr.registry import MODELS

NETWORKS = [
    dict(
        type='DICGenerator',
        mid_channels=8,
        num_blocks=2,
        num_steps=2,
        hg_mid_channels=16,
        num_fusion_blocks=1,
    ),
    dict(type='FeedbackHourglassHead', mid_channels=16, num_steps=2),
    dict(type='PFSRNet', mid_channels=32),
    dict(type='ELSFaceNet', mid_channels=12, num_heads=2),
    dict(type='WFEN', mid_channels=8, num_blocks=2, init_std=None),
    dict(type='SFMNet', mid_channels=16, num_blocks=1),
    *(
        dict(
            type='SPARNet',
            min_ch=32,
            max_ch=32,
            in_size=64,
            out_size=64,
            res_depth=1,
            norm_type=norm,
            spectral_norm=norm == 'in',
        )
        for norm in ('bn', 'in')
    ),
]
SIDES = dict(
    DICGenerator=16, FeedbackHourglassHead=64, PFSRNet=16, ELSFaceNet=32
)


def last_of(output: object) -> Tensor:
    """What depends on all that a network computes."""
    return output if isinstance(output, Tensor) else sum(map(sum_of, output))


def sum_of(images: list[Tensor]) -> Tensor:
    return sum(image.square().mean() for image in images)


def kept_and_loss(network: nn.Module, image: Tensor) -> tuple[int, Tensor]:
    """Bytes that autograd keeps, and a loss after its backward pass."""
    kept = 0

    def keep(tensor: Tensor) -> Tensor:
        nonlocal kept
        kept += tensor.nbytes
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda x: x):
        loss = last_of(network(image)).square().mean()
    loss.backward()
    return kept, loss


@pytest.mark.parametrize(
    'config', NETWORKS, ids=lambda one: one['type'] + one.get('norm_type', '')
)
@pytest.mark.parametrize('wrap', [lambda net: net, copy.deepcopy])
def test_equal_to_the_plain_network(config: dict, wrap: Callable) -> None:
    torch.manual_seed(0)
    plain = MODELS.build(config).train()
    thrifty = wrap(MODELS.build(dict(config, with_cp=True)).train())
    thrifty.load_state_dict(plain.state_dict())
    side = SIDES.get(config['type'], 64)
    image = torch.randn(2, 3, side, side)
    (much, wanted), (little, found) = (
        kept_and_loss(network, image) for network in (plain, thrifty)
    )
    assert little < much / 2
    assert torch.equal(found, wanted)
    for (key, one), other in zip(
        plain.named_parameters(), thrifty.parameters(), strict=True
    ):
        torch.testing.assert_close(
            other.grad, one.grad, atol=1e-6, rtol=1e-6, msg=key
        )
    # Running statistics, their counters, spectral norms.
    for key, value in plain.state_dict().items():
        assert torch.equal(value, thrifty.state_dict()[key]), key
    with torch.no_grad():
        assert torch.equal(
            last_of(thrifty.eval()(image)), last_of(plain.eval()(image))
        )


def test_batch_norms_count_a_batch_once() -> None:
    """By hand: statistics of one update, and a norm with its own average."""
    unit = nn.Sequential(
        nn.BatchNorm2d(2), nn.BatchNorm2d(2, momentum=None), nn.Conv2d(2, 2, 1)
    )
    recompute_in_backward(unit)
    assert recomputed_units(nn.Sequential(unit)) == [unit]
    image = torch.randn(4, 2, 8, 8)
    unit(image).sum().backward()
    assert unit[0].num_batches_tracked == unit[1].num_batches_tracked == 1
    torch.testing.assert_close(
        unit[0].running_mean, 0.1 * image.mean((0, 2, 3))
    )
    assert (unit[0].momentum, unit[1].momentum) == (0.1, None)
