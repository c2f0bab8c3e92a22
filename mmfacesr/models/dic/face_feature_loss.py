# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Feature loss of DICGAN."""

from torch import Tensor, nn

from mmfacesr.models.common.frozen_feature_loss import FrozenFeatureLoss
from mmfacesr.models.common.light_cnn import light_cnn_features
from mmfacesr.models.dic.layouts import DIC_AUTHORS
from mmfacesr.registry import MODELS


class LightCNN(nn.Module):
    """The convolutional part of LightCNN-9, under the keys of its files."""

    layouts = (DIC_AUTHORS,)

    def __init__(self) -> None:
        super().__init__()
        self.features = light_cnn_features()

    def forward(self, image: Tensor) -> Tensor:
        """Map (N, 3, H, W) to (N, 128, H/16, W/16), sizes rounded up."""
        return self.features(image)


@MODELS.register_module()
class FaceFeatureLoss(FrozenFeatureLoss):
    """L1 distance between features of a frozen face-recognition network.

    The network is the convolutional part of LightCNN-9. It is built and its
    weights are read at the first use; see `FrozenFeatureLoss`.

    Source: Ma et al., arXiv 2003.13063. Differs: none.

    Args:
        pretrained (str | None): File or URL of the weights, numbered as the
            authors' or as MMagic's. None only if ``loss_weight`` is 0.
            Defaults to None.
        loss_weight (float): Factor on the result; with 0 the network is
            never built. Defaults to 1.0.

    Raises:
        ValueError: If weights are needed and ``pretrained`` is None.
    """

    def __init__(
        self, pretrained: str | None = None, loss_weight: float = 1.0
    ) -> None:
        super().__init__(pretrained, loss_weight)

    def build_network(self) -> nn.Module:
        """Build LightCNN-9 under the keys of its files."""
        return LightCNN()

    def features(self, network: nn.Module, image: Tensor) -> list[Tensor]:
        """Return (N, 128, H/16, W/16), sizes rounded up."""
        return [network(image)]
