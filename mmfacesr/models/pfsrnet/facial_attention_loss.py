# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Pixel loss of PFSRNet that looks where the landmarks are."""

import torch
from torch import Tensor, nn

from mmfacesr.registry import MODELS


@MODELS.register_module()
class FacialAttentionLoss(nn.Module):
    """L1 distance weighted by how near a landmark a pixel is.

    Source: Kim et al., Progressive Face Super-Resolution via Attention to
    Facial Landmark, arXiv 1908.08239. Differs: none.

    Args:
        loss_weight (float): Factor on the result. Defaults to 1.0.
    """

    def __init__(self, loss_weight: float = 1.0) -> None:
        super().__init__()
        self.loss_weight = loss_weight

    def forward(self, pred: Tensor, target: Tensor, heatmap: Tensor) -> Tensor:
        """Compute mean(M * |pred - target|), M = max of heatmap over K.

        Args:
            pred (Tensor): (N, 3, H, W), normalized.
            target (Tensor): (N, 3, H, W), normalized.
            heatmap (Tensor): (N, K, H, W) in [0, 1]; receives no gradient.

        Returns:
            Tensor: Scalar, at least 0.

        Raises:
            ValueError: If pred and target differ in shape, or heatmap and
                pred in N, H or W.
        """
        shape = tuple(pred.shape)
        if (
            tuple(target.shape) != shape
            or heatmap.ndim != 4
            or (
                heatmap.shape[0],
                *heatmap.shape[2:],
            )
            != (shape[0], *shape[2:])
        ):
            raise ValueError(
                'Expected pred and target of one shape and heatmap (N, K, H, '
                f'W) of the same N, H and W, got {shape}, '
                f'{tuple(target.shape)} and {tuple(heatmap.shape)}; enlarge '
                'or redraw the heatmaps for the size of the images.'
            )
        attention = heatmap.detach().amax(1, keepdim=True)  # (N, 1, H, W)
        return self.loss_weight * torch.mean(attention * (pred - target).abs())
