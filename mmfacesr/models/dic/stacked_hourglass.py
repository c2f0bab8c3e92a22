# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The landmark network that DIC's evaluation reads restored faces with."""

from torch import Tensor, nn

from mmfacesr.models.common.layers import BatchNorm2d, at_least_float32
from mmfacesr.models.common.size_requirement import SizeRequirement
from mmfacesr.models.dic.hourglass import (
    Hourglass,
    HourglassResidual,
    hourglass_stem,
)
from mmfacesr.models.dic.layouts import DIC_AUTHORS_EVALUATION
from mmfacesr.registry import MODELS


@MODELS.register_module()
class StackedHourglassHead(nn.Module):
    """Hourglasses in a row, each correcting the one before.

    Source: Newell et al., Stacked Hourglass Networks for Human Pose
    Estimation, arXiv 1603.06937, as the authors of DIC (arXiv 2003.13063)
    apply it. Differs: state-dict keys; `load_weights` knows the authors'.

    Args:
        in_channels (int): Channels of the image. Defaults to 3.
        mid_channels (int): Width, at least 4. Defaults to 256.
        num_keypoints (int): Number of heatmaps K. Defaults to 68.
        num_stacks (int): Number of hourglasses. Defaults to 4.

    """

    size_requirement = SizeRequirement(multiple_of=64, minimum=64)
    layouts = (DIC_AUTHORS_EVALUATION,)

    def __init__(
        self,
        in_channels: int = 3,
        mid_channels: int = 256,
        num_keypoints: int = 68,
        num_stacks: int = 4,
    ) -> None:
        super().__init__()
        self.in_channels = in_channels
        self.stem = hourglass_stem(in_channels, mid_channels, norm=True)
        self.stacks = nn.ModuleList(
            HourglassStack(
                mid_channels, num_keypoints, is_last=i == num_stacks - 1
            )
            for i in range(num_stacks)
        )

    def forward(self, image: Tensor) -> Tensor:
        """Find the landmarks of an image.

        Args:
            image (Tensor): (N, in_channels, H, W), normalized (mean
                subtracted); H and W are multiples of 64.

        Returns:
            Tensor: Raw heatmaps (N, K, H/4, W/4) of the last hourglass,
            float32 also under autocast.

        Raises:
            ValueError: If the image has another rank, channels or size.
        """
        self.size_requirement.check(
            image, type(self).__name__, self.in_channels
        )
        x = self.stem(image)
        for stack in self.stacks:
            x, heatmap = stack(x)
        return at_least_float32(heatmap)


class HourglassStack(nn.Module):
    """One hourglass, its heatmaps, and what it hands to the next one.

    Args:
        channels (int): Width.
        num_keypoints (int): Number of heatmaps K.
        is_last (bool): Whether no hourglass follows.
    """

    def __init__(
        self, channels: int, num_keypoints: int, is_last: bool
    ) -> None:
        super().__init__()
        self.is_last = is_last
        self.hg = Hourglass(4, channels, norm=True)
        self.res = HourglassResidual(channels, channels, norm=True)
        self.lin = nn.Sequential(
            nn.Conv2d(channels, channels, 1),
            BatchNorm2d(channels),
            nn.ReLU(inplace=True),
        )
        self.pred = nn.Conv2d(channels, num_keypoints, 1)
        if not is_last:
            self.merge_features = nn.Conv2d(channels, channels, 1)
            self.merge_heatmap = nn.Conv2d(num_keypoints, channels, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Map (N, channels, h, w) to features alike and (N, K, h, w)."""
        y = self.lin(self.res(self.hg(x)))
        heatmap = self.pred(y)
        if not self.is_last:
            x = x + self.merge_features(y) + self.merge_heatmap(heatmap)
        return x, heatmap
