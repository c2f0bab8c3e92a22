# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The two discriminators of SFMGAN."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from mmfacesr.models.common.layers import at_least_float32, no_autocast
from mmfacesr.models.common.light_cnn import LightCNNJudge
from mmfacesr.models.common.size_requirement import SizeRequirement
from mmfacesr.models.sfmnet.spectrum import amplitude_and_phase
from mmfacesr.registry import MODELS


class Scores(NamedTuple):
    """Logits of being real."""

    image: Tensor
    """(N, 1), by the image."""
    spectrum: Tensor
    """(N, 1), by its amplitude and phase."""


@MODELS.register_module()
class SFMNetDiscriminator(nn.Module):
    """One judges the image, the other its amplitude and phase.

    Source: Wang et al., CVPR 2023. Differs: they are one module, so that one
    Adam trains both: it treats each number by itself.

    Args:
        in_channels (int): Channels of the image. Defaults to 3.
    """

    size_requirement = SizeRequirement(minimum=128, maximum=128)

    def __init__(self, in_channels: int = 3) -> None:
        super().__init__()
        self.in_channels = in_channels
        self.of_image = LightCNNJudge(in_channels, 128 * 8 * 8)
        self.of_spectrum = LightCNNJudge(2 * in_channels, 128 * 8 * 5)

    def forward(self, image: Tensor) -> Scores:
        """Judge images.

        Args:
            image (Tensor): (N, in_channels, 128, 128) in [0, 1].

        Returns:
            Scores: Of both.

        Raises:
            ValueError: If the input has another rank, channels or size.
        """
        self.size_requirement.check(
            image, type(self).__name__, self.in_channels
        )
        with no_autocast(image):
            spectrum = amplitude_and_phase(at_least_float32(image))
        return Scores(
            self.of_image(image), self.of_spectrum(torch.cat(spectrum, dim=1))
        )
