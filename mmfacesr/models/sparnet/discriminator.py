# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The discriminator of SPARNetHD."""

import torch.nn.functional as F
from torch import Tensor, nn

from mmfacesr.models.common.size_requirement import SizeRequirement
from mmfacesr.models.sparnet.layouts import (
    SPARNET_AUTHORS,
    SPECTRAL_NORM_PARAMETRIZED,
)
from mmfacesr.models.sparnet.spectral_norm import iterate_spectral_norm
from mmfacesr.models.sparnet.units import (
    Activation,
    ConvUnit,
    Norm,
    UnitStyle,
    initialize,
)
from mmfacesr.registry import MODELS


@MODELS.register_module()
class SPARNetDiscriminator(nn.Module):
    """Discriminator of SPARNetHD: equal networks that look at halved images.

    Args:
        base_ch (int): Channels of the first unit. Defaults to 64.
        max_ch (int): Most channels. Defaults to 512.
        depth (int): Units that halve the size. Defaults to 4.
        num_scales (int): Networks, each with weights of its own. Defaults to
            3.
        norm_type (str): As for ``SPARNet``. Defaults to 'in'.
        relu_type (str): As for ``SPARNet``. Defaults to 'leakyrelu'.
        spectral_norm (bool): As for ``SPARNet``. Defaults to True.
    """

    layouts = (SPARNET_AUTHORS, SPECTRAL_NORM_PARAMETRIZED)

    def __init__(
        self,
        base_ch: int = 64,
        max_ch: int = 512,
        depth: int = 4,
        num_scales: int = 3,
        norm_type: Norm = 'in',
        relu_type: Activation = 'leakyrelu',
        spectral_norm: bool = True,
    ) -> None:
        super().__init__()
        style = UnitStyle(norm_type, relu_type, spectral_norm)
        self.D_pool = nn.ModuleList(
            ScaleDiscriminator(base_ch, max_ch, depth, style)
            for _ in range(num_scales)
        )
        # The score wants 3 pixels of the smallest image; sides round up when
        # a unit halves them.
        side = 3
        for _ in range(depth):
            side = 2 * side - 1
        self.size_requirement = SizeRequirement(
            minimum=side * 2 ** (num_scales - 1)
        )
        initialize(self, spectral_norm)

    def forward(
        self, image: Tensor, return_features: bool = False
    ) -> list[Tensor] | tuple[list[Tensor], list[list[Tensor]]]:
        """Judge a batch.

        Args:
            image (Tensor): (N, 3, H, W), RGB in [-1, 1].
            return_features (bool): Whether features are returned as well.
                Defaults to False.

        Returns:
            list[Tensor] | tuple[list[Tensor], list[list[Tensor]]]: A score
            map (N, 1, h, w) a scale, no sigmoid, the whole image first; with
            features, also those (N, C, h, w) of every unit, a list a scale.

        Raises:
            ValueError: If the shape is not taken.
        """
        self.size_requirement.check(image, type(self).__name__, channels=3)
        if self.training:
            iterate_spectral_norm(self)
        scores, features = [], []
        for i, network in enumerate(self.D_pool):
            if i:
                image = F.interpolate(
                    image,
                    scale_factor=0.5,
                    mode='bicubic',
                    align_corners=False,
                )
            features.append(network.features(image))
            scores.append(network.score_out(features[-1][-1]))
        return (scores, features) if return_features else scores


class ScaleDiscriminator(nn.Module):
    """Discriminator of one scale.

    Args:
        base_ch (int): Channels of the first unit.
        max_ch (int): Most channels.
        depth (int): Units that halve the size.
        style (UnitStyle): Of the convolutions.
    """

    def __init__(
        self, base_ch: int, max_ch: int, depth: int, style: UnitStyle
    ) -> None:
        super().__init__()
        first = UnitStyle('none', style.act, style.spectral_norm)
        units = [ConvUnit(3, base_ch, first)]
        widths = [min(base_ch * 2**i, max_ch) for i in range(depth + 1)]
        for inputs, outputs in zip(widths, widths[1:]):
            units.append(ConvUnit(inputs, outputs, style, 'down'))
        self.model = nn.ModuleList(units)
        self.score_out = ConvUnit(widths[-1], 1, style.plain(), pad=False)

    def features(self, x: Tensor) -> list[Tensor]:
        """Outputs of the units for an image (N, 3, H, W)."""
        features = []
        for unit in self.model:
            x = unit(x)
            features.append(x)
        return features
