# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The recovery branch of DIC: feedback blocks and attentive fusion.

Source: Ma et al., CVPR 2020, arXiv 2003.13063.
"""

import torch
from torch import Tensor, nn

from mmfacesr.models.common.layers import SideBySideConv2d
from mmfacesr.models.dic.prelu import PReLU

NUM_COMPONENTS = 5
"""Left eye, right eye, nose, mouth and silhouette."""


class FeedbackBlock(nn.Module):
    """Groups of up- and down-projection, each reading all groups before.

    Args:
        in_channels (int): Channels of the input.
        mid_channels (int): Channels c of the groups and of the output.
        num_blocks (int): Number of groups.
        prelu_init (float): Initial slope of the PReLUs.
    """

    def __init__(
        self,
        in_channels: int,
        mid_channels: int,
        num_blocks: int,
        prelu_init: float,
    ) -> None:
        super().__init__()

        def activated(conv: nn.Module) -> nn.Sequential:
            return nn.Sequential(conv, PReLU(init=prelu_init))

        def squeeze(num_maps: int) -> nn.Sequential:
            return activated(
                SideBySideConv2d(num_maps, mid_channels, mid_channels)
            )

        # Eight is the scale of the whole network. Features are at x2 already,
        # so that high maps are at x16, as the released weights expect.
        projection = {'kernel_size': 12, 'stride': 8, 'padding': 2}

        def up() -> nn.Sequential:
            return activated(
                nn.ConvTranspose2d(mid_channels, mid_channels, **projection)
            )

        def down() -> nn.Sequential:
            return activated(
                nn.Conv2d(mid_channels, mid_channels, **projection)
            )

        counts = range(2, num_blocks + 1)
        self.conv_first = activated(nn.Conv2d(in_channels, mid_channels, 1))
        self.up_blocks = nn.ModuleList(up() for _ in range(num_blocks))
        self.down_blocks = nn.ModuleList(down() for _ in range(num_blocks))
        self.lr_blocks = nn.ModuleList(map(squeeze, counts))
        self.hr_blocks = nn.ModuleList(map(squeeze, counts))
        self.conv_last = squeeze(num_blocks)

    def forward(self, features: Tensor) -> Tensor:
        """Map (N, in_channels, H, W) to (N, c, H, W)."""
        return self.project(self.conv_first(features))

    def project(self, x: Tensor) -> Tensor:
        """Run the groups on compressed features (N, c, H, W)."""
        low, high = [x], []
        for i, (up, down) in enumerate(
            zip(self.up_blocks, self.down_blocks, strict=True)
        ):
            x = self.lr_blocks[i - 1](low) if i else x
            high.append(up(x))  # (N, c, 8H, 8W)
            x = self.hr_blocks[i - 1](high) if i else high[0]
            low.append(down(x))  # (N, c, H, W)
        return self.conv_last(low[1:])


class AttentiveFeedbackBlock(FeedbackBlock):
    """Feedback block that also reads the last step's state and landmarks.

    Args:
        mid_channels (int): Channels c of features, state and output.
        num_blocks (int): Number of groups.
        prelu_init (float): Initial slope of the PReLUs.
        num_fusion_blocks (int): Residual blocks of the attentive fusion.
    """

    def __init__(
        self,
        mid_channels: int,
        num_blocks: int,
        prelu_init: float,
        num_fusion_blocks: int,
    ) -> None:
        super().__init__(
            2 * mid_channels, mid_channels, num_blocks, prelu_init
        )
        self.fusion_block = AttentiveFusion(mid_channels, num_fusion_blocks)

    def forward(
        self, features: Tensor, hidden: Tensor, attention: Tensor
    ) -> Tensor:
        """Run one step of recovery.

        Args:
            features (Tensor): (N, c, H, W).
            hidden (Tensor): (N, c, H, W), output of the step before.
            attention (Tensor): (N, 5, H, W), sum over the components is 1.

        Returns:
            Tensor: (N, c, H, W).
        """
        x = self.conv_first(torch.cat([features, hidden], dim=1))
        return self.project(self.fusion_block(x, attention))


class AttentiveFusion(nn.Module):
    """One branch per facial component, summed by the landmarks' attention.

    Args:
        channels (int): Channels c of input and output.
        num_blocks (int): Number of residual blocks.
    """

    def __init__(self, channels: int, num_blocks: int) -> None:
        super().__init__()
        width = NUM_COMPONENTS * channels
        self.conv_first = nn.Sequential(
            nn.Conv2d(channels, width, 1), nn.LeakyReLU(0.2, inplace=True)
        )
        self.body = nn.Sequential(
            *(GroupedResidual(width) for _ in range(num_blocks))
        )

    def forward(self, x: Tensor, attention: Tensor) -> Tensor:
        """Map (N, c, H, W) and attention (N, 5, H, W) to (N, c, H, W)."""
        branches = self.body(self.conv_first(x)).unflatten(
            1, (NUM_COMPONENTS, x.shape[1])
        )  # (N, 5, c, H, W)
        return (branches * attention.unsqueeze(2)).sum(dim=1)


class GroupedResidual(nn.Module):
    """Two 3x3 convolutions that keep the facial components apart.

    Args:
        channels (int): Channels of input and output, component first.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()

        def conv() -> nn.Conv2d:
            return nn.Conv2d(
                channels, channels, 3, padding=1, groups=NUM_COMPONENTS
            )

        self.res = nn.Sequential(
            conv(), nn.LeakyReLU(0.2, inplace=True), conv()
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, channels, H, W) to the same shape."""
        return x + self.res(x)
