# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""LightCNN-9: the features of DICGAN's loss and discriminator."""

import torch
from torch import Tensor, nn

from mmfacesr.models.dic.layouts import DIC_AUTHORS


class MaxFeatureMap(nn.Module):
    """Layer with twice the outputs, of which pairs compete (light CNN).

    Source: Wu et al., A Light CNN for Deep Face Representation with Noisy
    Labels, arXiv 1511.02683.

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


class LightCNN(nn.Module):
    """The convolutional part of LightCNN-9, under the keys of its files.

    Source: Wu et al., arXiv 1511.02683.
    """

    layouts = (DIC_AUTHORS,)

    def __init__(self) -> None:
        super().__init__()
        self.features = light_cnn_features()

    def forward(self, image: Tensor) -> Tensor:
        """Map (N, 3, H, W) to (N, 128, H/16, W/16), sizes rounded up."""
        return self.features(image)
