# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Losses of PFSRNet that look at the face through its landmarks."""

from functools import partial
from typing import Optional

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmfacesr.models.common.frozen_network import FrozenNetwork
from mmfacesr.models.pfsrnet.heatmap_loss import normalise_heatmaps
from mmfacesr.registry import MODELS


class LandmarkGuidance(nn.Module):
    """Facial attention and heatmap loss, with or without a landmark head.

    Without weights of a head, attention comes from heatmaps that the samples
    bring with them, and there is no heatmap loss.

    Source: Kim et al., Progressive Face Super-Resolution via Attention to
    Facial Landmark, arXiv 1908.08239. Differs: the head is frozen and, by
    default, in eval mode.

    Args:
        attention_loss (dict): Config of the loss (image, target, heatmap).
        heatmap_loss (dict): Config of the loss between raw heatmaps.
        head (dict): Config of a head that takes RGB in [0, 1] and gives
            heatmaps of its size.
        pretrained (str, optional): File or URL of the head's weights, read
            at the first use. Defaults to None.
        batch_statistics (bool): Run the head with the statistics of each
            batch, as the published training did. Defaults to False.
    """

    def __init__(
        self,
        attention_loss: dict,
        heatmap_loss: dict,
        head: dict,
        pretrained: Optional[str] = None,
        batch_statistics: bool = False,
    ) -> None:
        super().__init__()
        self.attention_loss = MODELS.build(attention_loss)
        self.heatmap_loss = MODELS.build(heatmap_loss)
        self.batch_statistics = batch_statistics
        self.head = pretrained and FrozenNetwork(
            partial(MODELS.build, head),
            pretrained,
            f'the weights of {head["type"]}',
            'set model.landmark_guidance.pretrained to where it is, or to '
            'None for attention from the landmark table',
        )

    def describe(self) -> str:
        """Say where attention comes from, for the log."""
        if self.head is None:
            return (
                'Attention is drawn from the landmark table: there are no '
                'weights of a landmark head '
                '(model.landmark_guidance.pretrained). The heatmap loss is '
                'left out.'
            )
        return f'Attention comes from the head of {self.head.pretrained}.'

    def forward(
        self,
        image: Tensor,
        target: Tensor,
        drawn: Optional[Tensor],
        attention: float,
        heatmap: float,
    ) -> dict[str, Tensor]:
        """Compute the weighted losses; those of weight 0 are left out.

        Args:
            image (Tensor): (N, 3, H, W), RGB in [-1, 1].
            target (Tensor): (N, 3, H, W), RGB in [-1, 1].
            drawn (Tensor, optional): (N, K, h, w) in [0, 1], needed without
                head; enlarged to (H, W).
            attention (float): Weight of the facial attention loss.
            heatmap (float): Weight of the heatmap loss.

        Returns:
            dict[str, Tensor]: ``loss_attention`` and ``loss_heatmap``.
        """
        losses: dict[str, Tensor] = {}
        if not attention and (not heatmap or self.head is None):
            return losses
        if self.head is None:
            wanted = F.interpolate(
                drawn, image.shape[-2:], mode='bilinear', align_corners=False
            )
        else:
            network = self.head.get(image.device, image.dtype)
            network.train(self.batch_statistics)
            with torch.no_grad():
                wanted = network(0.5 * target + 0.5)
            if heatmap:
                found = network(0.5 * image + 0.5)
                losses['loss_heatmap'] = heatmap * self.heatmap_loss(
                    found, wanted
                )
        if attention:
            losses['loss_attention'] = attention * self.attention_loss(
                image, target, normalise_heatmaps(wanted)
            )
        return losses
