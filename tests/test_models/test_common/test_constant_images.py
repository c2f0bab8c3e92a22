# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Normalizations of constant images: no gradient out of rounding.

The sweep over all configs is in ``tests/test_contract.py``.
"""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from mmfacesr.models.common.layers import (
    BatchNorm2d,
    GroupNorm,
    InstanceNorm2d,
)
from mmfacesr.models.sparnet import SPARNet
from mmfacesr.models.sparnet.units import Norm, PixelNorm

NORMS: dict[str, tuple[Callable, Callable]] = dict(
    bn=(BatchNorm2d, nn.BatchNorm2d),
    gn=(lambda c: GroupNorm(2, c), lambda c: nn.GroupNorm(2, c)),
)
NORMS['in'] = tuple(
    lambda c, kind=kind: kind(c, affine=True)
    for kind in (InstanceNorm2d, nn.InstanceNorm2d)
)


def run(norm: nn.Module, image: Tensor) -> tuple[Tensor, ...]:
    """Output and gradients of input and parameters."""
    image = image.clone().requires_grad_()
    torch.manual_seed(3)
    for parameter in norm.parameters():
        nn.init.normal_(parameter)
    output = norm(image)
    (output * torch.randn(output.shape)).sum().backward()
    return output, image.grad, *(p.grad for p in norm.parameters())


@pytest.mark.parametrize('layout', ['contiguous', 'channels_last'])
@pytest.mark.parametrize('name', NORMS)
def test_what_varies_is_normalised_as_by_torch(name: str, layout: str) -> None:
    """One pixel of one channel one gray level off is enough."""
    ours, torchs = (make(4) for make in NORMS[name])
    image = torch.full((2, 4, 8, 8), -1.0)
    image[..., 3, 3] = 1 / 127.5 - 1
    if layout == 'channels_last':
        image = image.contiguous(memory_format=torch.channels_last)
    for found, wanted in zip(run(ours, image), run(torchs, image)):
        assert torch.equal(found, wanted)
        assert found.is_contiguous() == wanted.is_contiguous()
    assert ours.state_dict().keys() == torchs.state_dict().keys()
    for key, value in torchs.state_dict().items():
        assert torch.equal(ours.state_dict()[key], value)


@pytest.mark.parametrize('value', [-1.0, 0.0, 0.3, 30.0])
@pytest.mark.parametrize('name', NORMS)
def test_rounding_is_not_normalized(name: str, value: float) -> None:
    """What convolutions of a constant image give, place by place."""
    norm = NORMS[name][0](4)
    noise = torch.randn(2, 4, 8, 8, generator=torch.manual_seed(0))
    image = value + 3e-7 * max(1, abs(value)) * noise
    output, gradient, weight, bias = run(norm, image)
    assert not gradient.any() and weight.abs().max() < 1e-2
    assert bias.abs().min() > 0
    wanted = norm.bias.detach()[:, None, None].expand(output.shape)
    torch.testing.assert_close(output, wanted, atol=1e-2, rtol=0)
    assert output.amax((2, 3)).equal(output.amin((2, 3)))
    if name == 'bn':  # statistics are those of the image
        torch.testing.assert_close(
            norm.running_mean, torch.full((4,), 0.1 * value)
        )


def test_not_a_number_stays_visible() -> None:
    image = torch.full((1, 2, 4, 4), torch.nan)
    assert InstanceNorm2d(2)(image).isnan().all()


def test_pixels_of_zeros_are_not_normalized() -> None:
    image = torch.randn(1, 3, 2, 2, generator=torch.manual_seed(0))
    wanted = image / image.square().sum(1, keepdim=True).sqrt()
    image[..., 0, 0] = wanted[..., 0, 0] = 0
    output, gradient = run(PixelNorm(), image)
    torch.testing.assert_close(output, wanted)
    assert not gradient[..., 0, 0].any() and gradient[..., 1, 1].all()


@pytest.mark.parametrize('value', [-1.0, 0.0, 1.0])
@pytest.mark.parametrize('norm', ['bn', 'in', 'gn', 'pixel', 'none'])
def test_constant_image_has_a_gradient_as_any_other(
    norm: Norm, value: float
) -> None:
    """Finite is not enough: 1e7 would ruin Adam's averages as well."""
    torch.manual_seed(0)
    network = SPARNet(min_ch=32, max_ch=32, res_depth=4, norm_type=norm)
    side = network.size_requirement.minimum
    noise = torch.rand(1, 3, side, side) * 2 - 1

    def largest(image: Tensor) -> float:
        network.zero_grad()
        network(image).square().mean().backward()
        return max(p.grad.norm().item() for p in network.parameters())

    assert largest(torch.full_like(noise, value)) < 10 * largest(noise)
