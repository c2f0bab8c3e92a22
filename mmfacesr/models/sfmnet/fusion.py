# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""How SFMNet's spatial branch takes in what the frequency branch found."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmfacesr.models.common.layers import at_least_float32, no_autocast
from mmfacesr.models.sfmnet.blocks import conv3x3, without_nonfinite


class CrossAttention(nn.Module):
    """Channels of one map ask, those of another answer.

    What two channels have in common is summed over the whole map.

    Args:
        channels (int): Width of both maps.
        num_heads (int): Groups of consecutive channels that attend among
            themselves; a divisor of ``channels``.
    """

    def __init__(self, channels: int, num_heads: int) -> None:
        super().__init__()

        def pointwise(outputs: int) -> nn.Conv2d:
            return nn.Conv2d(channels, outputs, 1, bias=False)

        def depthwise(width: int) -> nn.Conv2d:
            return nn.Conv2d(
                width, width, 3, padding=1, groups=width, bias=False
            )

        self.num_heads = num_heads
        self.temperature = nn.Parameter(torch.ones(num_heads, 1, 1))
        self.kv = pointwise(2 * channels)
        self.kv_dwconv = depthwise(2 * channels)
        self.q = pointwise(channels)
        self.q_dwconv = depthwise(channels)
        self.project_out = pointwise(channels)

    def forward(self, asking: Tensor, answering: Tensor) -> Tensor:
        """Attend.

        Args:
            asking (Tensor): (N, C, H, W), the queries are made of it.
            answering (Tensor): Same shape; keys and values.

        Returns:
            Tensor: Same shape.
        """
        q = self.q_dwconv(self.q(asking))
        k, v = self.kv_dwconv(self.kv(answering)).chunk(2, dim=1)
        # Sums over a whole map: in float32 or better, also under autocast.
        with no_autocast(q):
            mixed = self.attend(*map(at_least_float32, (q, k, v)))
        return self.project_out(mixed)

    def attend(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """Weigh values (N, C, H, W) by queries and keys of that shape."""

        def heads(x: Tensor) -> Tensor:  # (N, heads, C / heads, H * W)
            return x.flatten(2).unflatten(1, (self.num_heads, -1))

        weights = F.normalize(heads(q), dim=-1) @ F.normalize(
            heads(k), dim=-1
        ).transpose(-2, -1)
        weights = (self.temperature * weights).softmax(-1)
        return (weights @ heads(v)).flatten(1, 2).unflatten(2, v.shape[-2:])


class Fusion(nn.Module):
    """Two maps attend to each other and are weighed pixel by pixel.

    Both directions share one attention, and the second sees what came of the
    first: released weights are trained so.

    Args:
        channels (int): Width of both maps.
        num_heads (int): See `CrossAttention`.
    """

    def __init__(self, channels: int, num_heads: int) -> None:
        super().__init__()
        self.from_spatial = conv3x3(channels, channels, bias=True)
        self.from_frequency = conv3x3(channels, channels, bias=True)
        self.attention = CrossAttention(channels, num_heads)
        self.weigh = nn.Sequential(
            conv3x3(2 * channels, channels, bias=True),
            conv3x3(channels, 2 * channels, bias=True),
        )

    def forward(self, frequency: Tensor, spatial: Tensor) -> Tensor:
        """Fuse maps.

        Args:
            frequency (Tensor): (N, C, H, W).
            spatial (Tensor): Same shape.

        Returns:
            Tensor: Same shape.
        """
        a, b = self.from_spatial(spatial), self.from_frequency(frequency)
        a = a + self.attention(a, b)
        b = b + self.attention(b, a)
        weights = self.weigh(torch.cat([a, b], dim=1)).sigmoid()
        of_a, of_b = weights.chunk(2, dim=1)
        return without_nonfinite(a * of_a + b * of_b)
