# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The small landmark network that PFSRNet looks through."""

from torch import Tensor, nn

from mmfacesr.models.common.layers import BatchNorm2d, at_least_float32
from mmfacesr.models.common.size_requirement import SizeRequirement
from mmfacesr.registry import MODELS


@MODELS.register_module()
class DistilledFANHead(nn.Module):
    """Landmark heatmaps at the size of the image, from 13x13 neighborhoods.

    Source: Kim et al., Progressive Face Super-Resolution via Attention to
    Facial Landmark, arXiv 1908.08239; the layers are those of the released
    weights. Differs: none.

    Args:
        in_channels (int): Channels of the image. Defaults to 3.
        mid_channels (int): Width of the middle, a multiple of 4; the first
            layer has a quarter, the second half of it. Defaults to 128.
        num_keypoints (int): Number of heatmaps K. Defaults to 68.
    """

    size_requirement = SizeRequirement(minimum=16)

    def __init__(
        self,
        in_channels: int = 3,
        mid_channels: int = 128,
        num_keypoints: int = 68,
    ) -> None:
        super().__init__()
        self.in_channels = in_channels
        quarter, half = mid_channels // 4, mid_channels // 2
        self.conv = nn.Conv2d(in_channels, quarter, 5, padding=2)
        self.layers = nn.Sequential(
            *conv_norm_relu(quarter, half),
            *conv_norm_relu(half, mid_channels),
            *conv_norm_relu(mid_channels, mid_channels),
            nn.Conv2d(mid_channels, num_keypoints, 3, padding=1),
            nn.LeakyReLU(),
        )

    def forward(self, image: Tensor) -> Tensor:
        """Find the landmarks of an image.

        Args:
            image (Tensor): (N, in_channels, H, W), RGB in [0, 1], made for
                64x64; at 128x128 the heatmaps follow outlines.

        Returns:
            Tensor: Raw heatmaps (N, K, H, W), about 0 to 1, float32 also
            under autocast.

        Raises:
            ValueError: If the image has another rank, channels or size.
        """
        self.size_requirement.check(
            image, type(self).__name__, self.in_channels
        )
        return at_least_float32(self.layers(self.conv(image)))

    def all_steps(self, image: Tensor) -> list[Tensor]:
        """Give the heatmaps as the list of this head's only step."""
        return [self(image)]


def conv_norm_relu(in_channels: int, out_channels: int) -> list[nn.Module]:
    """A 3x3 convolution, its batch norm and a leaky ReLU of slope 0.01."""
    return [
        nn.Conv2d(in_channels, out_channels, 3, padding=1),
        BatchNorm2d(out_channels),
        nn.LeakyReLU(),
    ]
