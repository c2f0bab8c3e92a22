# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Perceptual loss on the features of a VGG."""

from collections.abc import Sequence
from types import MappingProxyType
from typing import Literal

import torch.nn.functional as F
from torch import Tensor, nn

from mmfacesr.models.common.frozen_feature_loss import (
    Criterion,
    FrozenFeatureLoss,
)
from mmfacesr.registry import MODELS

# What torchvision's networks were trained on, for images in [0, 1].
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
URLS = MappingProxyType(
    {
        'vgg16': 'https://download.pytorch.org/models/vgg16-397923af.pth',
        'vgg19': 'https://download.pytorch.org/models/vgg19-dcbb9e9d.pth',
    }
)
"""Network of ``torchvision.models`` -> the weights that torchvision uses."""


@MODELS.register_module()
class VGGFeatureLoss(FrozenFeatureLoss):
    """Distance between features of a frozen VGG, each with weight 1.

    The network is built and its weights are read at the first use; see
    `FrozenFeatureLoss`. MMagic's ``PerceptualLoss`` downloads them whenever a
    model is built.

    Source: Johnson et al., Perceptual Losses for Real-Time Style Transfer and
    Super-Resolution, arXiv 1603.08155.

    Args:
        network (str): 'vgg16' or 'vgg19' of torchvision.
        layers (Sequence[int]): Indices in its ``features`` of the layers
            whose outputs are compared.
        criterion (str): 'l1' or 'mse', between features.
        value_range (tuple[float, float]): What black and white are in the
            images. Defaults to (-1, 1).
        imagenet_norm (bool): Whether ImageNet's mean and deviation are taken
            off the images first. Defaults to True.
        min_width (int): Narrower images are resized to a square of this side.
            Defaults to 1, none.
        pretrained (str | None): File or URL of the weights of torchvision's
            network; its classifier may be in the file. Defaults to None, the
            URL that torchvision uses.
        loss_weight (float): Factor on the result; with 0 the network is
            never built. Defaults to 1.0.

    Raises:
        ValueError: If the network or the criterion is unknown, there is no
            layer or no range.
    """

    def __init__(
        self,
        network: Literal['vgg16', 'vgg19'],
        layers: Sequence[int],
        criterion: Criterion,
        value_range: tuple[float, float] = (-1, 1),
        imagenet_norm: bool = True,
        min_width: int = 1,
        pretrained: str | None = None,
        loss_weight: float = 1.0,
    ) -> None:
        if network not in URLS:
            raise ValueError(
                f'VGGFeatureLoss expected network to be one of {list(URLS)}, '
                f'got {network!r}.'
            )
        if not layers:
            raise ValueError('VGGFeatureLoss expected layers, got none.')
        if len(value_range) != 2 or value_range[0] >= value_range[1]:
            raise ValueError(
                'VGGFeatureLoss expected value_range to be black and a larger '
                f'white, got {value_range!r}.'
            )
        super().__init__(pretrained or URLS[network], loss_weight, criterion)
        self.network_name = network
        self.layers = tuple(layers)
        self.value_range = value_range
        self.imagenet_norm = imagenet_norm
        self.min_width = min_width

    def build_network(self) -> nn.Module:
        """Build the convolutional part of the VGG.

        All of it, because its file has all of it.
        """
        # Here, because importing the losses should not need torchvision.
        from torchvision import models

        return getattr(models, self.network_name)(weights=None).features

    def features(self, network: nn.Module, image: Tensor) -> list[Tensor]:
        """Return the compared features of an RGB image."""
        black, white = self.value_range
        x = (image - black) / (white - black)
        if self.imagenet_norm:
            x = x - x.new_tensor(IMAGENET_MEAN).view(3, 1, 1)
            x = x / x.new_tensor(IMAGENET_STD).view(3, 1, 1)
        if x.shape[-1] < self.min_width:
            x = F.interpolate(
                x,
                size=(self.min_width, self.min_width),
                mode='bilinear',
                align_corners=False,
            )
        found = []
        for index, layer in enumerate(network[: max(self.layers) + 1]):
            # The in-place ReLUs do not reach the features kept: a pooling or
            # nothing follows each of them.
            x = layer(x)
            if index in self.layers:
                found.append(x)
        return found
