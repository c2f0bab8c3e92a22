# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What SPARNet is built from: convolution units and face attention units.

Source: Chen et al., Learning Spatial Attention for Face Super-Resolution,
IEEE TIP 30 (2021), arXiv 2012.01211. State-dict keys are those of the released
weights.
"""

from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import skip_init

from mmfacesr.models.common.layers import (
    BatchNorm2d,
    GroupNorm,
    InstanceNorm2d,
)
from mmfacesr.models.sparnet.spectral_norm import SpectralNormConv2d

INIT_STD = 0.02

Norm = Literal['bn', 'in', 'gn', 'pixel', 'none']
Activation = Literal['leakyrelu', 'relu', 'prelu', 'selu', 'none']
Attention = Literal['spar', 'spar3d']
Scale = Literal['none', 'down', 'up']

LEAKY_SLOPE = 0.2
NUM_GROUPS = 32  # of group normalization
HOURGLASS_WIDTH = 64


@dataclass(frozen=True)
class UnitStyle:
    """What the convolution units of one network have in common.

    Args:
        norm (str): Normalization.
        act (str): Activation.
        spectral_norm (bool): Whether convolutions are spectrally normalized.
    """

    norm: Norm = 'none'
    act: Activation = 'none'
    spectral_norm: bool = False

    def plain(self) -> 'UnitStyle':
        """The same without normalization and activation."""
        return UnitStyle(spectral_norm=self.spectral_norm)

    def normed(self) -> 'UnitStyle':
        """The same without activation."""
        return UnitStyle(self.norm, spectral_norm=self.spectral_norm)


class PixelNorm(nn.Module):
    """L2 normalization over the channels of each pixel.

    A pixel of zeros has no direction: it stays and receives no gradient,
    which would be 1e12 times as large.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to the same shape."""
        empty = x.detach().abs().amax(1, keepdim=True) == 0
        return F.normalize(x.masked_fill(empty, 0), dim=1)


class Normalize(nn.Module):
    """One of the normalizations, by name.

    Args:
        channels (int): C of its input (N, C, H, W).
        norm (str): 'bn', 'in', 'gn', 'pixel' or 'none'.

    Raises:
        ValueError: If there is no such normalization for that many channels.
    """

    def __init__(self, channels: int, norm: Norm) -> None:
        super().__init__()
        if norm == 'bn':
            self.norm = BatchNorm2d(channels)
        elif norm == 'in':
            self.norm = InstanceNorm2d(channels, affine=True)
        elif norm == 'gn':
            if channels % NUM_GROUPS:
                raise ValueError(
                    "Expected a multiple of 32 channels for norm_type='gn', "
                    f'got {channels}; set min_ch and max_ch to powers of two '
                    "of at least 32 or norm_type to 'in'."
                )
            self.norm = GroupNorm(NUM_GROUPS, channels)
        elif norm == 'pixel':
            self.norm = PixelNorm()
        elif norm == 'none':
            self.norm = nn.Identity()
        else:
            raise ValueError(
                "Expected norm_type 'bn', 'in', 'gn', 'pixel' or 'none', got "
                f'{norm!r}.'
            )

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to the same shape."""
        return self.norm(x)


class Activate(nn.Module):
    """One of the activations, by name.

    Args:
        channels (int): C of its input (N, C, H, W).
        act (str): 'leakyrelu', 'relu', 'prelu', 'selu' or 'none'.
        inplace (bool): Whether the input may be overwritten. Defaults to
            True.

    Raises:
        ValueError: If there is no such activation.
    """

    def __init__(
        self, channels: int, act: Activation, inplace: bool = True
    ) -> None:
        super().__init__()
        if act == 'leakyrelu':
            self.func = nn.LeakyReLU(LEAKY_SLOPE, inplace=inplace)
        elif act == 'relu':
            self.func = nn.ReLU(inplace=inplace)
        elif act == 'prelu':
            self.func = nn.PReLU(channels)
        elif act == 'selu':
            self.func = nn.SELU(inplace=inplace)
        elif act == 'none':
            self.func = nn.Identity()
        else:
            raise ValueError(
                "Expected relu_type 'leakyrelu', 'relu', 'prelu', 'selu' or "
                f"'none', got {act!r}."
            )

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to the same shape."""
        return self.func(x)


class ConvUnit(nn.Module):
    """Enlarge, pad by reflection, convolve 3x3, normalize, activate.

    Args:
        in_channels (int): Channels of the input.
        out_channels (int): Channels of the output.
        style (UnitStyle): Normalization, activation, spectral norm.
        scale (str): 'up' doubles the size first (nearest), 'down' halves it
            by the stride, rounded up. Defaults to 'none'.
        pad (bool): Whether the input is padded. Defaults to True.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        style: UnitStyle,
        scale: Scale = 'none',
        pad: bool = True,
    ) -> None:
        super().__init__()
        conv = SpectralNormConv2d if style.spectral_norm else nn.Conv2d
        self.scale = scale
        self.pad = pad
        # Keys in this order, although the activation runs last.
        self.conv2d = conv(
            in_channels,
            out_channels,
            3,
            stride=2 if scale == 'down' else 1,
            bias=style.norm in ('none', 'pixel'),
        )
        self.relu = Activate(out_channels, style.act)
        self.norm = Normalize(out_channels, style.norm)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, in_channels, H, W) to (N, out_channels, H', W')."""
        if self.scale == 'up':
            x = F.interpolate(x, scale_factor=2, mode='nearest')
        if self.pad:
            x = F.pad(x, (1, 1, 1, 1), mode='reflect')
        return self.relu(self.norm(self.conv2d(x)))

    def plain(self) -> nn.Module:
        """Make of a folded unit what needs no enlarged map."""
        if self.scale != 'up' or not self.pad:
            return self
        conv = enlarging_conv(self.conv2d.weight, self.conv2d.bias)
        # Reflected, an enlarged map repeats the pixel at its edge.
        return nn.Sequential(
            nn.ReplicationPad2d(1), conv, self.norm, self.relu
        )


@torch.no_grad()
def enlarging_conv(weight: Tensor, bias: Tensor | None) -> nn.ConvTranspose2d:
    """Make one layer of nearest neighbor enlarging and a 3x3 convolution.

    An enlarged pixel is 2x2 pixels alike, so that four of the nine products
    of an output pixel are enough, of weights that are sums.

    Args:
        weight (Tensor): (out_channels, in_channels, 3, 3).
        bias (Tensor | None): (out_channels,).

    Returns:
        nn.ConvTranspose2d: (N, in_channels, H + 2, W + 2), padded, ->
        (N, out_channels, 2H, 2W).
    """
    outputs, inputs = weight.shape[:2]
    made = skip_init(
        nn.ConvTranspose2d,
        inputs,
        outputs,
        4,
        stride=2,
        padding=3,
        bias=bias is not None,
        device=weight.device,
        dtype=weight.dtype,
    )
    # A transposed convolution that enlarges, and the convolution of it.
    pixel = weight.new_ones(1, 1, 2, 2)
    kernel = F.conv2d(
        weight.flatten(0, 1).unsqueeze(1), pixel, padding=1
    ).view(outputs, inputs, 4, 4)
    made.weight.copy_(kernel.transpose(0, 1).flip(2, 3))
    if bias is not None:
        made.bias.copy_(bias)
    return made


class AttentionHourglass(nn.Module):
    """Weights features by an attention map that an hourglass finds.

    The map is the output of ``out_block``, (N, att_channels, H, W) in
    [0, 1]: a forward hook there sees it.

    Args:
        depth (int): How many times the size is halved, at least 1.
        channels (int): Channels of the features.
        att_channels (int): 1, or ``channels`` for a map a channel.
        style (UnitStyle): Of the convolutions inside.
    """

    def __init__(
        self, depth: int, channels: int, att_channels: int, style: UnitStyle
    ) -> None:
        super().__init__()
        width = HOURGLASS_WIDTH
        self.depth = depth
        for level in range(depth, 0, -1):
            inputs = channels if level == depth else width
            skip = ConvUnit(inputs, width, style)
            self.add_module(f'b1_{level}', skip)
            down = ConvUnit(inputs, width, style, 'down')
            self.add_module(f'b2_{level}', down)
        self.b2_plus_1 = ConvUnit(width, width, style)
        for level in range(1, depth + 1):
            self.add_module(f'b3_{level}', ConvUnit(width, width, style, 'up'))
        self.out_block = nn.Sequential(
            ConvUnit(width, att_channels, style.plain()), nn.Sigmoid()
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, channels, H, W) to the same shape."""
        return x * self.out_block(self._level(self.depth, x))

    def _level(self, level: int, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to (N, 64, H, W)."""
        skip = self.get_submodule(f'b1_{level}')(x)
        low = self.get_submodule(f'b2_{level}')(x)
        low = self._level(level - 1, low) if level > 1 else self.b2_plus_1(low)
        low = self.get_submodule(f'b3_{level}')(low)
        if low.shape != skip.shape:  # an odd size was halved
            low = F.interpolate(low, size=skip.shape[2:], mode='nearest')
        return skip + low


class FaceAttentionUnit(nn.Module):
    """Pre-activation residual unit with attention on its branch.

    Args:
        in_channels (int): Channels of the input.
        out_channels (int): Channels of the output.
        scale (str): 'up' doubles the size, 'down' halves it.
        depth (int): Depth of the hourglass; below 1 there is no attention.
        att_name (str): 'spar' for one map, 'spar3d' for one a channel.
        style (UnitStyle): Of the convolutions.

    Raises:
        ValueError: If there is no such attention.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        scale: Scale,
        depth: int,
        att_name: Attention,
        style: UnitStyle,
    ) -> None:
        super().__init__()
        if att_name not in ('spar', 'spar3d'):
            raise ValueError(
                f"Expected att_name 'spar' or 'spar3d', got {att_name!r}."
            )
        self.shortcut_func = (
            nn.Identity()
            if scale == 'none' and in_channels == out_channels
            else ConvUnit(in_channels, out_channels, style.plain(), scale)
        )
        self.preact_func = nn.Sequential(
            Normalize(in_channels, style.norm),
            # Without normalization it would overwrite the shortcut's input.
            Activate(in_channels, style.act, inplace=style.norm != 'none'),
        )
        up = 'up' if scale == 'up' else 'none'
        down = 'down' if scale == 'down' else 'none'
        self.conv1 = ConvUnit(in_channels, out_channels, style, up)
        self.conv2 = ConvUnit(out_channels, out_channels, style.normed(), down)
        maps = 1 if att_name == 'spar' else out_channels
        self.att_func = (
            AttentionHourglass(depth, out_channels, maps, style)
            if depth > 0
            else nn.Identity()
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, in_channels, H, W) to (N, out_channels, H', W')."""
        branch = self.conv2(self.conv1(self.preact_func(x)))
        return self.shortcut_func(x) + self.att_func(branch)


def initialize(network: nn.Module, spectral_norm: bool) -> None:
    """Set the weights that the released networks started from.

    Spectrally normalized ones kept PyTorch's default, biases apart.
    """
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            nn.init.normal_(layer.weight, 1.0, INIT_STD)
        elif isinstance(layer, (nn.Conv2d, SpectralNormConv2d)):
            if not spectral_norm:
                nn.init.normal_(layer.weight, 0.0, INIT_STD)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
