# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Blocks of WFEN: full-domain transformer, Haar down- and upsampling."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmfacesr.models.common.layers import at_least_float32
from mmfacesr.models.wfen.attention import (
    ChannelAttention,
    GlobalAttention,
    WindowAttention,
    depthwise_conv,
    pointwise_conv,
)
from mmfacesr.models.wfen.haar import average_and_details, inverse_haar

LAYER_NORM_EPS = 1e-5
EXPANSION = 2.66  # width inside a feed-forward part over that outside


def conv_pair(
    in_channels: int, mid_channels: int, out_channels: int, kernel_size: int
) -> nn.Sequential:
    """Build two convolutions that keep the size, a ReLU between them."""
    padding = kernel_size // 2
    return nn.Sequential(
        nn.Conv2d(in_channels, mid_channels, kernel_size, padding=padding),
        nn.ReLU(inplace=True),
        nn.Conv2d(mid_channels, out_channels, kernel_size, padding=padding),
    )


class ChannelLayerNorm(nn.LayerNorm):
    """Layer norm over the channels of each pixel, in float32 or better.

    Its output is channels last in memory, and so is all that follows.

    Args:
        channels (int): Width of the map.
    """

    def __init__(self, channels: int) -> None:
        super().__init__(channels, eps=LAYER_NORM_EPS)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to the same shape."""
        x = at_least_float32(x).permute(0, 2, 3, 1)
        return super().forward(x).permute(0, 3, 1, 2)


class GatedFeedForward(nn.Module):
    """Two depthwise filtered halves, of which one gates the other.

    Args:
        channels (int): Width of the map.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        inner = int(EXPANSION * channels)
        self.project_in = pointwise_conv(channels, 2 * inner)
        self.dwconv = depthwise_conv(2 * inner)
        self.project_out = pointwise_conv(inner, channels)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to the same shape."""
        gate, value = self.dwconv(self.project_in(x)).chunk(2, dim=1)
        # Half a map is not dense in memory: twice as slow in GELU on a CPU.
        gate = gate.contiguous(memory_format=torch.channels_last)
        return self.project_out(F.gelu(gate) * value)


class TransformerLayer(nn.Module):
    """Attention and a feed-forward part, each behind a norm.

    The input is not added to the output: the released weights are trained
    so.

    Args:
        channels (int): Width of the map.
        attention (ChannelAttention): Of that width.
    """

    def __init__(self, channels: int, attention: ChannelAttention) -> None:
        super().__init__()
        self.attention_norm = ChannelLayerNorm(channels)
        self.attention = attention
        self.feed_forward_norm = ChannelLayerNorm(channels)
        self.feed_forward = GatedFeedForward(channels)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to the same shape."""
        attended = self.attention(self.attention_norm(x))
        normed = self.feed_forward_norm(attended + x)
        return attended + self.feed_forward(normed)


class FullDomainTransformer(nn.Module):
    """A layer that attends within windows, then one over the whole map.

    Args:
        channels (int): Width of the map.
        window_size (int): Side of a window in pixels.
        num_heads (int): Heads of the attention over the whole map.
        shift (bool): Whether windows are shifted. Defaults to False.
        fix_window_shift (bool): See `WindowAttention`. Defaults to False.
    """

    def __init__(
        self,
        channels: int,
        window_size: int,
        num_heads: int,
        shift: bool = False,
        fix_window_shift: bool = False,
    ) -> None:
        super().__init__()
        self.window_layer = TransformerLayer(
            channels,
            WindowAttention(channels, window_size, shift, fix_window_shift),
        )
        self.global_layer = TransformerLayer(
            channels, GlobalAttention(channels, num_heads)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W), sides multiples of the window, to that shape."""
        return self.global_layer(self.window_layer(x))


class WaveletDown(nn.Module):
    """Halve a map; the sum of its details is kept apart.

    Args:
        in_channels (int): Channels of the input.
        out_channels (int): Channels of each output.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Split a map by frequency.

        Args:
            x (Tensor): (N, in_channels, H, W), H and W even.

        Returns:
            tuple[Tensor, Tensor]: Average band and sum of detail bands, both
            (N, out_channels, H/2, W/2).
        """
        return average_and_details(self.conv(x))


class WaveletUp(nn.Module):
    """Double a map with the help of the encoder's map of that size.

    The average band of the output is made of the details of the encoder's
    map and its details of the average: the released weights are trained so.

    Args:
        channels (int): Channels of the encoder's map and of the output.
        small_channels (int): Channels of the map that is doubled.
    """

    def __init__(self, channels: int, small_channels: int) -> None:
        super().__init__()
        both = small_channels + channels
        self.to_average = conv_pair(channels, channels, channels, 3)
        self.to_details = conv_pair(both, both, 3 * channels, 1)

    def forward(self, big: Tensor, small: Tensor) -> Tensor:
        """Fuse two maps.

        Args:
            big (Tensor): (N, channels, 2H, 2W), from the encoder.
            small (Tensor): (N, small_channels, H, W).

        Returns:
            Tensor: (N, channels, 2H, 2W).
        """
        average, details = average_and_details(big)
        bands = self.to_details(torch.cat([small, average], dim=1))
        return inverse_haar(self.to_average(details), *bands.chunk(3, dim=1))
