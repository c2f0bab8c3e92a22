# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Perceptual losses of SPARNetHD and PFSRNet."""

from types import MappingProxyType
from typing import Literal, NamedTuple

import torch.nn.functional as F
from torch import Tensor, nn

from mmfacesr.models.losses.frozen_feature_loss import (
    Criterion,
    FrozenFeatureLoss,
)
from mmfacesr.registry import MODELS

# What torchvision's networks were trained on, for images in [0, 1].
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


class Variant(NamedTuple):
    """How a paper compares features of a VGG."""

    url: str
    """Weights that torchvision uses."""
    network: str
    """Name of the function in ``torchvision.models``."""
    compared: tuple[int, ...]
    """Places in its ``features``."""
    criterion: Criterion
    """How features are compared."""
    imagenet_norm: bool
    """Whether ImageNet's mean and deviation are taken off."""
    min_width: int
    """Narrower images are resized to a square of this side."""


VARIANTS = MappingProxyType(
    {
        # relu1_2, relu2_2, relu3_4, relu4_4 and conv5_4, the last one before
        # its ReLU.
        'sparnet-hd': Variant(
            url='https://download.pytorch.org/models/vgg19-dcbb9e9d.pth',
            network='vgg19',
            compared=(3, 8, 17, 26, 34),
            criterion='l1',
            imagenet_norm=True,
            min_width=224,
        ),
        # relu1_2, relu2_2, relu3_3 and relu4_3.
        'pfsrnet': Variant(
            url='https://download.pytorch.org/models/vgg16-397923af.pth',
            network='vgg16',
            compared=(3, 8, 15, 22),
            criterion='mse',
            imagenet_norm=False,
            min_width=1,
        ),
    }
)


@MODELS.register_module()
class VGGFeatureLoss(FrozenFeatureLoss):
    """Distance between features of a frozen VGG, each with weight 1.

    'sparnet-hd' compares five features of VGG19 by L1; images less than 224
    wide are resized to 224x224, whatever their height. 'pfsrnet' compares
    four features of VGG16 by the squared error, without ImageNet's mean and
    deviation. The network is built and its weights are read at the first
    use; see `FrozenFeatureLoss`. MMagic's ``PerceptualLoss`` downloads them
    whenever a model is built.

    Source: Chen et al., Learning Spatial Attention for Face Super-Resolution,
    arXiv 2012.01211; Kim et al., Progressive Face Super-Resolution via
    Attention to Facial Landmark, arXiv 1908.08239. Differs: none.

    Args:
        pretrained (str | None): File or URL of the weights of torchvision's
            network; its classifier may be in the file. Defaults to None, the
            URL that torchvision uses.
        variant (str): 'sparnet-hd' or 'pfsrnet'. Defaults to 'sparnet-hd'.
        loss_weight (float): Factor on the result; with 0 the network is
            never built. Defaults to 1.0.

    Raises:
        ValueError: If there is no such variant.
    """

    def __init__(
        self,
        pretrained: str | None = None,
        variant: Literal['sparnet-hd', 'pfsrnet'] = 'sparnet-hd',
        loss_weight: float = 1.0,
    ) -> None:
        if variant not in VARIANTS:
            raise ValueError(
                'VGGFeatureLoss expected variant to be one of '
                f'{sorted(VARIANTS)}, got {variant!r}.'
            )
        chosen = VARIANTS[variant]
        super().__init__(
            pretrained or chosen.url, loss_weight, chosen.criterion
        )
        self.variant = chosen

    def build_network(self) -> nn.Module:
        """Build the convolutional part of the VGG.

        All of it, because its file has all of it.
        """
        # Here, because importing the losses should not need torchvision.
        from torchvision import models

        return getattr(models, self.variant.network)(weights=None).features

    def features(self, network: nn.Module, image: Tensor) -> list[Tensor]:
        """Return the compared features of an image in [-1, 1], RGB."""
        x = (image + 1) / 2
        if self.variant.imagenet_norm:
            x = x - x.new_tensor(IMAGENET_MEAN).view(3, 1, 1)
            x = x / x.new_tensor(IMAGENET_STD).view(3, 1, 1)
        side = self.variant.min_width
        if x.shape[-1] < side:
            x = F.interpolate(
                x, size=(side, side), mode='bilinear', align_corners=False
            )
        found = []
        last = self.variant.compared[-1]
        for place, layer in enumerate(network[: last + 1]):
            # The in-place ReLUs do not reach the features kept: a pooling or
            # nothing follows each of them.
            x = layer(x)
            if place in self.variant.compared:
                found.append(x)
        return found
