# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The discriminator of DICGAN.

State-dict keys are those of MMagic's ``LightCNN``.
"""

from torch import Tensor

from mmfacesr.models.common.light_cnn import LightCNNJudge
from mmfacesr.models.common.size_requirement import SizeRequirement
from mmfacesr.models.dic.layouts import DIC_AUTHORS
from mmfacesr.registry import MODELS


@MODELS.register_module()
class DICDiscriminator(LightCNNJudge):
    """LightCNN-9 with one logit.

    Args:
        in_channels (int): Channels of the image. Defaults to 3.
    """

    size_requirement = SizeRequirement(minimum=128, maximum=128)
    layouts = (DIC_AUTHORS,)

    def __init__(self, in_channels: int = 3) -> None:
        super().__init__(in_channels, 128 * 8 * 8)
        self.in_channels = in_channels

    def forward(self, image: Tensor) -> Tensor:
        """Judge images.

        Args:
            image (Tensor): (N, in_channels, 128, 128), normalized.

        Returns:
            Tensor: (N, 1), logit of being real.

        Raises:
            ValueError: If the input has another rank, channels or size.
        """
        self.size_requirement.check(
            image, type(self).__name__, self.in_channels
        )
        return super().forward(image)
