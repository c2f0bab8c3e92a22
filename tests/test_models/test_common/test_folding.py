# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Folded networks compute the same with fewer layers."""

import pytest
import torch
from torch import Tensor, nn

from mmfacesr.models.common.folding import fold
from mmfacesr.models.common.layers import BatchNorm2d, SideBySideConv2d
from mmfacesr.models.pfsrnet.steps import EqualizedConv2d
from mmfacesr.models.sparnet.spectral_norm import SpectralNormConv2d
from mmfacesr.models.sparnet.units import ConvUnit, UnitStyle


@torch.no_grad()
def settled(network: nn.Module) -> nn.Module:
    """Give batch norms statistics and factors as after a training."""
    torch.manual_seed(0)
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.running_mean.normal_()
            layer.running_var.uniform_(0.5, 2)
            layer.weight.uniform_(0.5, 2)
            layer.bias.normal_()
    return network


def norms(network: nn.Module) -> int:
    return sum(isinstance(m, nn.BatchNorm2d) for m in network.modules())


class Twice(nn.Module):
    """A convolution whose output goes two ways."""

    def __init__(self, is_split: bool) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.norm = BatchNorm2d(4)
        self.is_split = is_split

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x)
        if self.is_split:  # functions that return several tensors count too
            return self.norm(x) + torch.cat(x.chunk(2, 1)[::-1], 1)
        return x + self.norm(x)


class Shared(nn.Module):
    """A convolution run twice, by one or by two norms."""

    def __init__(self, num_norms: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 3, padding=1, bias=False)
        self.norms = nn.ModuleList(BatchNorm2d(3) for _ in range(num_norms))

    def forward(self, x: Tensor) -> Tensor:
        for step in range(2):
            x = self.norms[step % len(self.norms)](self.conv(x)).relu()
        return x


def changed_between() -> nn.Module:
    relu = nn.ReLU(inplace=True)  # returns the tensor that it was given
    return nn.Sequential(nn.Conv2d(3, 4, 3), relu, BatchNorm2d(4))


@pytest.mark.parametrize(
    'network, left',
    [
        (nn.Sequential(nn.Conv2d(3, 4, 3), BatchNorm2d(4)), 0),
        (nn.Sequential(nn.ConvTranspose2d(3, 4, 4), BatchNorm2d(4)), 0),
        (nn.Sequential(EqualizedConv2d(3, 4), BatchNorm2d(4)), 0),
        (nn.Sequential(SpectralNormConv2d(3, 4, 3, 2), BatchNorm2d(4)), 0),
        (nn.Sequential(BatchNorm2d(3), nn.Conv2d(3, 4, 3)), 1),
        (changed_between(), 1),
        (Twice(is_split=False), 1),
        (Twice(is_split=True), 1),
        (Shared(num_norms=1), 0),
        (Shared(num_norms=2), 2),
    ],
)
@torch.no_grad()
def test_only_what_can_be_is_folded(network: nn.Module, left: int) -> None:
    network = settled(network).train()
    before = {k: v.clone() for k, v in network.state_dict().items()}
    x = torch.randn(2, 3, 9, 9)
    folded = fold(network, x)
    assert all(m.training for m in network.modules()), 'it is not changed'
    for key, value in network.state_dict().items():
        assert torch.equal(value, before[key]), key
    assert norms(folded) == left
    assert not any(hasattr(m, 'weight_orig') for m in folded.modules())
    assert not any(m.training for m in folded.modules())
    torch.testing.assert_close(folded(x), network.eval()(x))


@torch.no_grad()
def test_maps_side_by_side_are_convolved_one_by_one() -> None:
    torch.manual_seed(0)
    conv = SideBySideConv2d(3, 4, 5)
    maps = [torch.randn(2, 4, 6, 7) for _ in range(3)]
    wanted = torch.einsum(
        'oc,nchw->nohw', conv.weight[..., 0, 0], torch.cat(maps, dim=1)
    )
    wanted += conv.bias[:, None, None]
    torch.testing.assert_close(conv(maps), wanted)
    folded = fold(conv.plain(), maps)
    assert not any(isinstance(m, nn.Conv2d) for m in folded.modules())
    torch.testing.assert_close(folded(maps), wanted)


@pytest.mark.parametrize('size', [(2, 3), (5, 8)])
@pytest.mark.parametrize('is_spectral', [False, True])
@torch.no_grad()
def test_a_unit_that_enlarges_becomes_one_convolution(
    size: tuple[int, int], is_spectral: bool
) -> None:
    style = UnitStyle('bn', 'prelu', is_spectral)
    network = settled(nn.Sequential(ConvUnit(3, 4, style, 'up'))).eval()
    x = torch.randn(2, 3, *size)
    folded = fold(network, x)
    kinds = [type(m) for m in folded.modules()]
    assert kinds.count(nn.ConvTranspose2d) == 1 and nn.Conv2d not in kinds
    assert norms(folded) == 0
    torch.testing.assert_close(folded(x), network(x))
