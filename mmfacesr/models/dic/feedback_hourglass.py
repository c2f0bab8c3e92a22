# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""DIC's landmark branch as a network of its own."""

from torch import Tensor

from mmfacesr.models.common.checkpointing import recompute_in_backward
from mmfacesr.models.common.size_requirement import SizeRequirement
from mmfacesr.models.dic.hourglass import LandmarkHourglass
from mmfacesr.registry import MODELS


@MODELS.register_module()
class FeedbackHourglassHead(LandmarkHourglass):
    """The landmark branch of `DICGenerator`, to be trained before it.

    It sees the same face ``num_steps`` times, told its last answer each
    time. Its state dict is the part of the generator's below
    ``hour_glass.``.

    Args:
        in_channels (int): Channels of the image. Defaults to 3.
        mid_channels (int): Width of the stem, at least 4. Defaults to 256.
        num_keypoints (int): Number of heatmaps K. Defaults to 68.
        num_steps (int): Times that it sees the face. Defaults to 4.
        with_cp (bool): Whether its parts are computed again in the backward
            pass to save memory. Defaults to False.
    """

    size_requirement = SizeRequirement(multiple_of=64, minimum=64)

    def __init__(
        self,
        in_channels: int = 3,
        mid_channels: int = 256,
        num_keypoints: int = 68,
        num_steps: int = 4,
        with_cp: bool = False,
    ) -> None:
        super().__init__(in_channels, mid_channels, num_keypoints)
        self.in_channels = in_channels
        self.num_steps = num_steps
        if with_cp:
            recompute_in_backward(self.pre_conv_block, self.hg, self.last)

    def all_steps(self, image: Tensor) -> list[Tensor]:
        """Find the landmarks of an image, in every step.

        Args:
            image (Tensor): (N, in_channels, H, W), normalized; H and W are
                multiples of 64.

        Returns:
            list[Tensor]: Raw heatmaps (N, K, H/4, W/4) of each step, float32
            also under autocast.

        Raises:
            ValueError: If the image has another rank, channels or size.
        """
        self.size_requirement.check(
            image, type(self).__name__, self.in_channels
        )
        heatmaps, hidden = [], None
        for _ in range(self.num_steps):
            heatmap, hidden = super().forward(image, hidden)
            heatmaps.append(heatmap)
        return heatmaps

    def forward(self, image: Tensor) -> Tensor:
        """Find the landmarks of an image.

        Args:
            image (Tensor): As for :meth:`all_steps`.

        Returns:
            Tensor: Raw heatmaps (N, K, H/4, W/4) of the last step.
        """
        return self.all_steps(image)[-1]
