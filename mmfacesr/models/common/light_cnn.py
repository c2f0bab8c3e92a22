# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Parts of LightCNN-9: the features of losses and of discriminators.

Source: Wu et al., A Light CNN for Deep Face Representation with Noisy
Labels, arXiv 1511.02683.
"""

import re

import torch
from torch import Tensor, nn

# Our flat numbering of the features against the authors' groups of two layers.
_GROUPED = {
    '2': '2.conv_a',
    '3': '2.conv',
    '5': '4.conv_a',
    '6': '4.conv',
    '8': '6.conv_a',
    '9': '6.conv',
    '10': '7.conv_a',
    '11': '7.conv',
}


def _grouped(match: re.Match) -> str:
    """Name a layer of the features by its group."""
    return f'{match[1]}{_GROUPED.get(match[2], match[2])}.'


LIGHT_CNN_RULE = (r'\b(features\.)(\d+)\.', _grouped)
"""Rule of a `Layout`: how files of LightCNN-9 name the layers."""


class MaxFeatureMap(nn.Module):
    """Layer with twice the outputs, of which pairs compete.

    Args:
        filter (nn.Module): Layer that gives 2k channels.
    """

    def __init__(self, filter: nn.Module) -> None:
        super().__init__()
        self.filter = filter

    def forward(self, x: Tensor) -> Tensor:
        """Return the maximum of the first k and the last k channels."""
        first, second = self.filter(x).chunk(2, dim=1)
        return torch.maximum(first, second)


def light_cnn_features(in_channels: int = 3) -> nn.Sequential:
    """Build the convolutional part of LightCNN-9.

    Args:
        in_channels (int): Channels of the image. Defaults to 3.

    Returns:
        nn.Sequential: (N, in_channels, H, W) normalized image ->
        (N, 128, H/16, W/16), sizes rounded up.
    """

    def conv(inputs: int, outputs: int, kernel_size: int) -> MaxFeatureMap:
        return MaxFeatureMap(
            nn.Conv2d(
                inputs, 2 * outputs, kernel_size, padding=kernel_size // 2
            )
        )

    def group(inputs: int, outputs: int) -> list[nn.Module]:
        return [conv(inputs, inputs, 1), conv(inputs, outputs, 3)]

    def pool() -> nn.Module:
        return nn.MaxPool2d(2, ceil_mode=True)

    return nn.Sequential(
        conv(in_channels, 48, 5),
        pool(),
        *group(48, 96),
        pool(),
        *group(96, 192),
        pool(),
        *group(192, 128),
        *group(128, 128),
        pool(),
    )


class LightCNNJudge(nn.Module):
    """LightCNN-9 with one logit.

    Args:
        in_channels (int): Channels of what it judges.
        num_features (int): Numbers that the features of it are.
    """

    def __init__(self, in_channels: int, num_features: int) -> None:
        super().__init__()
        self.features = light_cnn_features(in_channels)
        self.classifier = nn.Sequential(
            MaxFeatureMap(nn.Linear(num_features, 2 * 256)),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Linear(256, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, in_channels, H, W) to logits of being real, (N, 1)."""
        return self.classifier(self.features(x).flatten(1))
