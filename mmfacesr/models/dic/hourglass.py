# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Hourglasses that find landmarks: of DIC and of its evaluation."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmfacesr.models.common.layers import BatchNorm2d, at_least_float32
from mmfacesr.models.dic.layouts import DIC_AUTHORS


class HourglassResidual(nn.Module):
    """Bottleneck 1x1, 3x3, 1x1 with a skip, as hourglass networks use it.

    Without normalization there is a ReLU after the first convolution only;
    with it, after the first two. Nothing follows the sum.

    Args:
        in_channels (int): Channels of the input.
        out_channels (int): Channels of the output; half of them inside.
        norm (bool): Whether every convolution has a batch norm. Defaults to
            False.
    """

    def __init__(
        self, in_channels: int, out_channels: int, norm: bool = False
    ) -> None:
        super().__init__()
        inner = out_channels // 2
        squeeze = nn.Conv2d(in_channels, inner, 1)
        spatial = nn.Conv2d(inner, inner, 3, padding=1)
        expand = nn.Conv2d(inner, out_channels, 1)
        if norm:
            self.conv_block = nn.Sequential(
                squeeze,
                BatchNorm2d(inner),
                nn.ReLU(inplace=True),
                spatial,
                BatchNorm2d(inner),
                nn.ReLU(inplace=True),
                expand,
                BatchNorm2d(out_channels),
            )
        else:
            self.conv_block = nn.Sequential(
                squeeze, nn.ReLU(inplace=True), spatial, expand
            )
        self.skip_layer = None
        if in_channels != out_channels:
            skip = nn.Conv2d(in_channels, out_channels, 1)
            self.skip_layer = (
                nn.Sequential(skip, BatchNorm2d(out_channels))
                if norm
                else skip
            )

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, in_channels, H, W) to (N, out_channels, H, W)."""
        skip = x if self.skip_layer is None else self.skip_layer(x)
        return skip + self.conv_block(x)


class Hourglass(nn.Module):
    """One hourglass: a branch at full size plus a branch at half size.

    Args:
        depth (int): How many times the size is halved, at least 1.
        channels (int): Width at every size.
        norm (bool): Whether convolutions have a batch norm. Defaults to
            False.
    """

    def __init__(self, depth: int, channels: int, norm: bool = False) -> None:
        super().__init__()
        self.up1 = HourglassResidual(channels, channels, norm)
        self.low1 = HourglassResidual(channels, channels, norm)
        self.low2 = (
            HourglassResidual(channels, channels, norm)
            if depth == 1
            else Hourglass(depth - 1, channels, norm)
        )
        self.low3 = HourglassResidual(channels, channels, norm)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, channels, H, W) to the same shape.

        H and W are multiples of 2 ** depth.
        """
        low = self.low3(self.low2(self.low1(F.max_pool2d(x, 2))))
        # Corners are aligned because the released weights expect it.
        return self.up1(x) + F.interpolate(
            low, scale_factor=2, mode='bilinear', align_corners=True
        )


def hourglass_stem(
    in_channels: int, mid_channels: int, norm: bool = False
) -> nn.Sequential:
    """Build the layers that bring an image to a quarter of its size.

    Args:
        in_channels (int): Channels of the image.
        mid_channels (int): Channels of the output, at least 4.
        norm (bool): Whether convolutions have a batch norm. Defaults to
            False.

    Returns:
        nn.Sequential: (N, in_channels, H, W) -> (N, mid_channels, H/4, W/4).
    """
    quarter, half = mid_channels // 4, mid_channels // 2
    return nn.Sequential(
        nn.Conv2d(in_channels, quarter, 7, stride=2, padding=3),
        *([BatchNorm2d(quarter)] if norm else []),
        nn.ReLU(inplace=True),
        HourglassResidual(quarter, half, norm),
        nn.MaxPool2d(2),
        HourglassResidual(half, half, norm),
        HourglassResidual(half, mid_channels, norm),
    )


class LandmarkHourglass(nn.Module):
    """Landmark branch of DIC: an hourglass that is told its last answer.

    Source: Ma et al., Deep Face Super-Resolution with Iterative Collaboration
    between Attentive Recovery and Landmark Estimation, arXiv 2003.13063.
    Differs: nothing is kept between calls, the caller passes the state on.

    Args:
        in_channels (int): Channels of the image. Defaults to 3.
        mid_channels (int): Width of the stem; the hourglass is twice as
            wide. At least 4. Defaults to 256.
        num_keypoints (int): Number of heatmaps K. Defaults to 68.
    """

    layouts = (DIC_AUTHORS,)

    def __init__(
        self,
        in_channels: int = 3,
        mid_channels: int = 256,
        num_keypoints: int = 68,
    ) -> None:
        super().__init__()
        width = 2 * mid_channels
        self.mid_channels = mid_channels
        self.pre_conv_block = hourglass_stem(in_channels, mid_channels)
        self.first_conv = nn.Conv2d(width, width, 1)
        self.hg = Hourglass(4, width)
        self.last = nn.Sequential(
            HourglassResidual(mid_channels, mid_channels),
            nn.Conv2d(mid_channels, mid_channels, 1),
            nn.ReLU(inplace=True),
            nn.Conv2d(mid_channels, num_keypoints, 1),
        )

    def forward(
        self, image: Tensor, hidden: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Find the landmarks of an image.

        Args:
            image (Tensor): (N, in_channels, H, W), normalized; H and W are
                multiples of 64.
            hidden (Tensor | None): The second output of the call before;
                None in the first step.

        Returns:
            tuple[Tensor, Tensor]: Raw heatmaps (N, K, H/4, W/4), float32 also
            under autocast, and the hidden state (N, mid_channels, H/4, W/4).
        """
        x = self.pre_conv_block(image)
        x = torch.cat([x, x if hidden is None else hidden], dim=1)
        x = self.hg(self.first_conv(x))
        x, hidden = x.split(self.mid_channels, dim=1)
        return at_least_float32(self.last(x)), hidden
