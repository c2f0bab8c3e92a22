# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Blocks of SFMNet's two branches."""

from collections import OrderedDict

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmfacesr.models.common.layers import at_least_float32, no_autocast
from mmfacesr.models.sfmnet.spectrum import (
    amplitude_and_phase,
    from_amplitude_and_phase,
)

NOT_FINITE = 1e-5
"""What replaces NaN and infinities, as in the released network."""


def conv3x3(
    in_channels: int, out_channels: int, bias: bool = False
) -> nn.Conv2d:
    """Build a 3x3 convolution that keeps the size."""
    return nn.Conv2d(in_channels, out_channels, 3, padding=1, bias=bias)


def conv_prelu(in_channels: int, out_channels: int) -> nn.Sequential:
    """Build a 3x3 convolution without bias and a PReLU of one slope."""
    return nn.Sequential(
        OrderedDict(conv=conv3x3(in_channels, out_channels), act=nn.PReLU())
    )


def downsample(channels: int) -> nn.Sequential:
    """Build what halves a map: (N, C, H, W) -> (N, C, H/2, W/2)."""
    return nn.Sequential(
        conv3x3(channels, channels),
        nn.PixelUnshuffle(2),
        nn.Conv2d(4 * channels, channels, 1, bias=False),
    )


def upsample(channels: int) -> nn.Sequential:
    """Build what doubles a map: (N, C, H, W) -> (N, C, 2H, 2W)."""
    return nn.Sequential(
        nn.Conv2d(channels, 4 * channels, 1), nn.PixelShuffle(2), nn.PReLU()
    )


def without_nonfinite(x: Tensor) -> Tensor:
    """Replace NaN and infinities, which then have no gradient."""
    return x.nan_to_num(NOT_FINITE, NOT_FINITE, NOT_FINITE)


class ResidualBlock(nn.Module):
    """Two convolutions, their input added before the last ReLU.

    Args:
        channels (int): Width of the map.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = conv3x3(channels, channels)
        self.conv2 = conv3x3(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to the same shape, at least 0."""
        return F.relu(x + self.conv2(F.relu(self.conv1(x))))


class SpatialBlock(nn.Module):
    """Residual blocks and a convolution; the input, scaled, is added.

    Args:
        channels (int): Width of the map.
        num_blocks (int): Residual blocks.
    """

    def __init__(self, channels: int, num_blocks: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            *(ResidualBlock(channels) for _ in range(num_blocks)),
            conv_prelu(channels, channels),
        )
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to the same shape."""
        return self.body(x) + self.scale * x


class FrequencyBlock(nn.Module):
    """Amplitude and phase of a map are filtered as if they were pictures.

    In float32 or better, also under autocast: phases are numbers that jump by
    2 pi. The absolute value that ends it loses the sign of the map: released
    weights are trained so.

    Args:
        channels (int): Width of the map.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()

        def filters() -> nn.Sequential:
            return nn.Sequential(
                conv3x3(channels, channels, bias=True),
                nn.LeakyReLU(0.1, inplace=True),
                conv3x3(channels, channels, bias=True),
            )

        self.before = nn.Conv2d(channels, channels, 1)
        self.amplitude = filters()
        self.phase = filters()
        self.after = nn.Conv2d(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to the same shape, at least float32."""
        with no_autocast(x):
            return self.transform(at_least_float32(x))

    def transform(self, x: Tensor) -> Tensor:
        """Do as `forward`, in the precision of the input."""
        amplitude, phase = amplitude_and_phase(self.before(x) + 1e-8)
        amplitude = amplitude + self.amplitude(amplitude)
        phase = phase + self.phase(phase)
        changed = from_amplitude_and_phase(amplitude, phase, x.shape[-2:])
        return without_nonfinite(self.after(changed.abs()) + x)
