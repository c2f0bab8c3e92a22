# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Perceptual loss of SPARNetHD."""

import torch.nn.functional as F
from torch import Tensor, nn

from mmfacesr.models.losses.frozen_feature_loss import FrozenFeatureLoss
from mmfacesr.registry import MODELS

VGG19_URL = 'https://download.pytorch.org/models/vgg19-dcbb9e9d.pth'
# Places in torchvision's `vgg19().features` of relu1_2, relu2_2, relu3_4,
# relu4_4 and conv5_4, the last one before its ReLU.
COMPARED = (3, 8, 17, 26, 34)
# What torchvision's networks were trained on, for images in [0, 1].
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
IMAGENET_SIZE = 224


@MODELS.register_module()
class VGGFeatureLoss(FrozenFeatureLoss):
    """L1 distance between five features of a frozen VGG19.

    Each feature counts with weight 1. Images less than 224 wide are resized
    to 224x224, whatever their height. The network is built and its weights
    are read at the first use; see `FrozenFeatureLoss`.

    Source: Chen et al., Learning Spatial Attention for Face Super-Resolution,
    arXiv 2012.01211. Differs: none.

    Args:
        pretrained (str | None): File or URL of the weights of torchvision's
            VGG19; its classifier may be in the file. None only if
            ``loss_weight`` is 0. Defaults to the URL that torchvision uses.
        loss_weight (float): Factor on the result; with 0 the network is
            never built. Defaults to 1.0.

    Raises:
        ValueError: If weights are needed and ``pretrained`` is None.
    """

    def __init__(
        self,
        pretrained: str | None = VGG19_URL,
        loss_weight: float = 1.0,
    ) -> None:
        super().__init__(pretrained, loss_weight)

    def build_network(self) -> nn.Module:
        """Build VGG19 up to the last feature compared."""
        # Here, because importing the losses should not need torchvision.
        from torchvision.models import vgg19

        return vgg19(weights=None).features[: COMPARED[-1] + 1]

    def features(self, network: nn.Module, image: Tensor) -> list[Tensor]:
        """Return the five features of an image in [-1, 1], RGB."""
        x = (image + 1) / 2
        x = x - x.new_tensor(IMAGENET_MEAN).view(3, 1, 1)
        x = x / x.new_tensor(IMAGENET_STD).view(3, 1, 1)
        if x.shape[-1] < IMAGENET_SIZE:
            x = F.interpolate(
                x,
                size=(IMAGENET_SIZE, IMAGENET_SIZE),
                mode='bilinear',
                align_corners=False,
            )
        found = []
        for place, layer in enumerate(network):
            # The in-place ReLUs do not reach the features kept: a pooling or
            # nothing follows each of them.
            x = layer(x)
            if place in COMPARED:
                found.append(x)
        return found
