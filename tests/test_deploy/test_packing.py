# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Packed layers compute what the layers did, and no more is packed."""

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmfacesr.deploy.packing import PackedConv, PackedSum, can_pack, pack
from mmfacesr.models.common.layers import SideBySideConv2d

needs_onednn = pytest.mark.skipif(
    not can_pack('cpu', torch.float32),
    reason='needs a PyTorch with oneDNN',
)
LAYERS = {
    'strided': nn.Conv2d(6, 8, 5, stride=2, padding=1),
    'dilated, grouped': nn.Conv2d(6, 8, 3, dilation=2, groups=2, bias=False),
    'pointwise': nn.Conv2d(6, 8, 1),
    'transposed': nn.ConvTranspose2d(6, 8, 5, 3, 2, 1, groups=2),
}
ACTIVATIONS = {
    'relu': nn.ReLU(inplace=True),
    'leaky relu': nn.LeakyReLU(0.3),
    'prelu': nn.PReLU(init=0.4),
    'sigmoid': nn.Sigmoid(),
}


def draw(*shape: int) -> Tensor:
    """Draw the same values every time."""
    return torch.randn(shape, generator=torch.manual_seed(1))


def packed(network: nn.Module, example: Tensor) -> nn.Module:
    """Pack a copy."""
    twin = copy.deepcopy(network).eval()
    pack(twin, example, torch.float32)
    return twin


class Pair(nn.Module):
    """Two maps side by side, convolved."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = SideBySideConv2d(2, 3, 4).plain()
        self.act = nn.PReLU(init=0.1)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, 6, H, W) to (N, 4, H, W)."""
        return self.act(self.conv(x.chunk(2, dim=1)))


class Watched(nn.Module):
    """What the convolution gives is used beside its activation."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(6, 6, 1)
        self.act = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, 6, H, W) to the same shape."""
        x = self.conv(x)
        return self.act(x) + 2 * x


class Twice(nn.Module):
    """An activation sees what two convolutions give."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(6, 6, 1)
        self.second = nn.Conv2d(6, 6, 1)
        self.act = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, 6, H, W) to the same shape."""
        return self.act(self.second(self.act(self.first(x))))


@needs_onednn
@pytest.mark.parametrize('act', ACTIVATIONS)
@pytest.mark.parametrize('name', LAYERS)
def test_layers(name: str, act: str) -> None:
    network = nn.Sequential(LAYERS[name], ACTIVATIONS[act])
    twin = packed(network, draw(1, 6, 9, 11))
    assert [type(layer) for layer in twin] == [PackedConv, nn.Identity]
    for shape in ((1, 6, 9, 11), (3, 6, 16, 7)):
        for layout in (torch.contiguous_format, torch.channels_last):
            x = draw(*shape).contiguous(memory_format=layout)
            torch.testing.assert_close(twin(x), network(x))


@needs_onednn
@pytest.mark.parametrize('kind', [Pair, Watched, Twice])
def test_layers_among_others(kind: type[nn.Module]) -> None:
    network, x = kind(), draw(2, 6, 5, 4)
    twin = packed(network, x)
    torch.testing.assert_close(twin(x), network(x))
    assert isinstance(twin.act, nn.Identity) == (kind is Pair)
    kinds = (PackedConv, PackedSum)
    assert any(isinstance(layer, kinds) for layer in twin.modules())
    inputs = x.clone()
    assert twin(x) is not None and torch.equal(x, inputs), 'not overwritten'


@needs_onednn
def test_what_onednn_has_not_stays() -> None:
    network = nn.Sequential(
        nn.Conv2d(6, 6, 3, padding=1, padding_mode='reflect'),
        nn.ReLU(),
        nn.Conv2d(6, 6, 1),
        nn.PReLU(6),
        nn.Conv2d(6, 6, 3, padding='same'),
    )
    twin, x = packed(network, draw(1, 6, 8, 8)), draw(2, 6, 8, 8)
    kinds = (nn.Conv2d, nn.ReLU, PackedConv, nn.PReLU, nn.Conv2d)
    assert tuple(type(layer) for layer in twin) == kinds
    torch.testing.assert_close(twin(x), network(x))


@needs_onednn
def test_layers_round_what_they_are_given() -> None:
    if not can_pack('cpu', torch.bfloat16):
        pytest.skip('needs a processor on which oneDNN has bfloat16')
    conv, x = LAYERS['pointwise'], draw(2, 6, 8, 8)
    twin = nn.Sequential(copy.deepcopy(conv))
    pack(twin, x, torch.bfloat16)
    half = torch.bfloat16
    wanted = F.conv2d(
        x.to(half).double(), conv.weight.to(half).double(),
        conv.bias.to(half).double(),
    )  # fmt: skip
    found = twin(x)
    assert found.dtype == half
    torch.testing.assert_close(found.double(), wanted, rtol=2**-8, atol=1e-3)
