# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Attention of WFEN among channels: within windows and over the image.

Both weigh channels against channels by a ReLU, not a softmax. They compute
in float32 or better, also under autocast, on maps (N, H, W, C): this order
costs no copy, as `ChannelLayerNorm` leaves it in memory.
"""

from abc import ABC, abstractmethod

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmfacesr.models.common.layers import at_least_float32, no_autocast

MIN_NORM = 1e-12  # norms below it count as this


def pointwise_conv(in_channels: int, out_channels: int) -> nn.Conv2d:
    """Build a 1x1 convolution without bias."""
    return nn.Conv2d(in_channels, out_channels, 1, bias=False)


def depthwise_conv(channels: int) -> nn.Conv2d:
    """Build a 3x3 convolution of each channel by itself, without bias."""
    return nn.Conv2d(
        channels, channels, 3, padding=1, groups=channels, bias=False
    )


def norm(x: Tensor, dim: int) -> Tensor:
    """L2 norm over a dimension, which stays; at least `MIN_NORM`."""
    return torch.linalg.vector_norm(x, dim=dim, keepdim=True).clamp_min(
        MIN_NORM
    )


class ChannelAttention(nn.Module, ABC):
    """Query, key and value, and what both kinds of attention share.

    Args:
        channels (int): Width of the map.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.temperature = nn.Parameter(torch.ones(1, 1, 1))
        self.qkv = pointwise_conv(channels, 3 * channels)
        self.qkv_dwconv = depthwise_conv(3 * channels)
        self.project_out = pointwise_conv(channels, channels)

    def mix(self, x: Tensor) -> Tensor:
        """Mix the channels of a map, before the last convolution.

        Args:
            x (Tensor): (N, C, H, W).

        Returns:
            Tensor: (N, C, H, W), at least float32.
        """
        qkv = self.qkv_dwconv(self.qkv(x))
        with no_autocast(x):
            qkv = at_least_float32(qkv).permute(0, 2, 3, 1)
            return self.attend(qkv).permute(0, 3, 1, 2)

    @abstractmethod
    def attend(self, qkv: Tensor) -> Tensor:
        """Map (N, H, W, 3C), queries first, to (N, H, W, C)."""


class WindowAttention(ChannelAttention):
    """Attention in windows of the map, which may be shifted.

    Differs: ``fix_window_shift`` is ours. Without it windows of one pixel
    shift the map by -1 before and by 0 after: the output lies one pixel up
    and left. Released weights are trained so.

    Args:
        channels (int): Width of the map.
        window_size (int): Side of a window in pixels.
        shift (bool): Whether windows are shifted by half their side.
        fix_window_shift (bool): Whether windows of one pixel are not
            shifted. Defaults to False.
    """

    def __init__(
        self,
        channels: int,
        window_size: int,
        shift: bool,
        fix_window_shift: bool = False,
    ) -> None:
        super().__init__(channels)
        self.window_size = window_size
        # The two differ for a window of one pixel alone.
        half = window_size // 2
        half_up = half if fix_window_shift else -(-window_size // 2)
        self.shift_before = -half_up if shift else 0
        self.shift_after = half if shift else 0

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W), sides multiples of the window, to that shape."""
        x = self.mix(roll(x, self.shift_before))
        return self.project_out(roll(x, self.shift_after))

    def attend(self, qkv: Tensor) -> Tensor:
        """Map (N, H, W, 3C) to (N, H, W, C)."""
        size = self.window_size
        rows, columns = qkv.shape[1] // size, qkv.shape[2] // size
        windows = (
            qkv.unflatten(2, (columns, size))
            .unflatten(1, (rows, size))
            .transpose(2, 3)
            .flatten(3, 4)  # (N, rows, columns, size * size, 3C)
        )
        q, k, v = windows.chunk(3, dim=-1)
        k = k * (self.temperature / norm(q, -1) / norm(k, -1))
        mixed = mix_pixel(q, k, v) if size == 1 else mix_window(q, k, v)
        return (
            mixed.unflatten(3, (size, size))
            .transpose(2, 3)
            .flatten(3, 4)
            .flatten(1, 2)
        )


def roll(x: Tensor, shift: int) -> Tensor:
    """Move a map (N, C, H, W) down and right, cyclically."""
    return x.roll((shift, shift), (2, 3)) if shift else x


def mix_window(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Weigh channels by what the pixels of a window say together.

    Args:
        q (Tensor): Queries (..., P, C) of the P pixels of each window.
        k (Tensor): Keys, same shape, scaled.
        v (Tensor): Values, same shape.

    Returns:
        Tensor: (..., P, C): v @ relu(q^T k).
    """
    weights = F.relu(q.transpose(-2, -1) @ k, inplace=True)  # (..., C, C)
    return v @ weights


def mix_pixel(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Do as `mix_window` for P = 1, without the matrices.

    Of two numbers relu(q * k) = relu(q) relu(k) + relu(-q) relu(-k), so
    that the sum over queries is one number a sign. The matrices would be C
    times larger than the map.
    """
    positive = (v * F.relu(q)).sum(-1, keepdim=True)
    negative = (v * F.relu(-q)).sum(-1, keepdim=True)
    return positive * F.relu(k) + negative * F.relu(-k)


class GlobalAttention(ChannelAttention):
    """Attention over the whole map; channels then change places.

    Args:
        channels (int): Width of the map.
        num_heads (int): Groups of consecutive channels that attend among
            themselves; a divisor of ``channels``.
    """

    def __init__(self, channels: int, num_heads: int) -> None:
        super().__init__(channels)
        self.num_heads = num_heads

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to the same shape."""
        return self.project_out(self.mix(x))

    def attend(self, qkv: Tensor) -> Tensor:
        """Map (N, H, W, 3C) to (N, H, W, C)."""
        # n image, p pixel, h head, i and j channels of a head.
        height, width = qkv.shape[1:3]
        qkv = qkv.flatten(1, 2).unflatten(-1, (3, self.num_heads, -1))
        q, k, v = qkv.unbind(2)  # (N, H * W, heads, C / heads)
        weights = torch.einsum('nphi,nphj->nhij', q, k)
        weights = weights / norm(q, 1).movedim(1, 3) / norm(k, 1).movedim(1, 2)
        weights = F.relu(self.temperature * weights)
        # Channel i of head h goes to i * heads + h.
        mixed = torch.einsum('nhij,nphj->npih', weights, v).flatten(2)
        return mixed.unflatten(1, (height, width))
