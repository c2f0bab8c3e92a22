# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Layers that more than one method is built from."""

from collections.abc import Iterable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

# Values that differ by less, relative to the largest (or to 1), differ by
# rounding: one pixel that is one gray level off makes 1e-3.
ROUNDING = 1e-5


def level_constant(x: Tensor, dims: tuple[int, ...]) -> Tensor:
    """Make what is constant but for rounding exactly so, without gradient.

    A normalization divides by the standard deviation, about 1e-5 ** 0.5 for
    constant values: it makes rounding 300 times larger in the forward pass
    and the gradient in the backward pass, in every layer, until it is
    infinite. A constant says nothing that a gradient could improve.

    Args:
        x (Tensor): Input of a normalization.
        dims (tuple[int, ...]): Dimensions that its statistics are taken over.

    Returns:
        Tensor: ``x``, equal to it wherever values differ by more than
        rounding.
    """
    values = x.detach()
    low, high = (
        values.amin(dims, keepdim=True),
        values.amax(dims, keepdim=True),
    )
    largest = torch.maximum(high.abs(), low.abs()).clamp_min(1)
    return torch.where(high - low <= ROUNDING * largest, low, x)


class InstanceNorm2d(nn.InstanceNorm2d):
    """PyTorch's, finite for a constant channel of an image."""

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to the same shape."""
        return super().forward(level_constant(x, (2, 3)))


class BatchNorm2d(nn.BatchNorm2d):
    """PyTorch's, finite for a channel that is constant in the whole batch."""

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to the same shape."""
        if self.training:
            x = level_constant(x, (0, 2, 3))
        return super().forward(x)


class GroupNorm(nn.GroupNorm):
    """PyTorch's, finite for a constant group of channels of an image."""

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to the same shape."""
        groups = x.unflatten(1, (self.num_groups, -1))
        return super().forward(level_constant(groups, (2, 3, 4)).flatten(1, 2))


class SideBySideConv2d(nn.Conv2d):
    """1x1 convolution of maps of one width, put side by side.

    Args:
        num_maps (int): Number of maps.
        in_channels (int): Channels of each.
        out_channels (int): Channels of the output.
    """

    def __init__(
        self, num_maps: int, in_channels: int, out_channels: int
    ) -> None:
        super().__init__(num_maps * in_channels, out_channels, 1)
        self.num_maps = num_maps

    def forward(self, maps: list[Tensor]) -> Tensor:
        """Map tensors (N, in_channels, H, W) to (N, out_channels, H, W)."""
        return super().forward(torch.cat(maps, dim=1))

    def plain(self) -> 'SummedConv2d':
        """Copy to a sum of convolutions, which puts nothing together."""
        return SummedConv2d(self.weight.chunk(self.num_maps, 1), self.bias)


class SummedConv2d(nn.Module):
    """1x1 convolutions of several maps, added up.

    Args:
        weights (Iterable[Tensor]): (out_channels, C, 1, 1) of each map of C
            channels; copied.
        bias (Tensor): (out_channels,); copied.
    """

    def __init__(self, weights: Iterable[Tensor], bias: Tensor) -> None:
        super().__init__()
        self.weights = nn.ParameterList(w.detach().clone() for w in weights)
        self.bias = nn.Parameter(bias.detach().clone())

    def forward(self, maps: list[Tensor]) -> Tensor:
        """Map tensors (N, C, H, W) to (N, out_channels, H, W)."""
        total = F.conv2d(maps[0], self.weights[0], self.bias)
        for x, weight in zip(maps[1:], self.weights[1:], strict=True):
            total = total + F.conv2d(x, weight)
        return total


def no_autocast(x: Tensor) -> torch.autocast:
    """Let what is computed from a tensor keep its precision.

    Args:
        x (Tensor): Where it is, counts.

    Returns:
        torch.autocast: A context.
    """
    # Tensors without values, to count operations, know no autocast.
    device = 'cpu' if x.is_meta else x.device.type
    return torch.autocast(device, enabled=False)


def at_least_float32(x: Tensor) -> Tensor:
    """Return a half-precision tensor as float32, any other as it is."""
    return x.float() if x.dtype in (torch.float16, torch.bfloat16) else x
