# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Distance between the landmark heatmaps of two images."""

import torch.nn.functional as F
from torch import Tensor, nn

from mmfacesr.registry import MODELS

SMALLEST_RANGE = 1e-4
"""Heatmaps with less contrast are stretched less: values and gradients of
flat ones stay finite and small. Those of faces reach about 1."""


def normalise_heatmaps(
    heatmap: Tensor, minimum: Tensor | None = None
) -> Tensor:
    """Stretch the heatmaps of each image to [0, 1], all channels alike.

    Args:
        heatmap (Tensor): (N, K, H, W), any range.
        minimum (Tensor | None): (N, 1, 1, 1), what becomes 0; None for the
            smallest value of each image. Defaults to None.

    Returns:
        Tensor: (N, K, H, W); with a minimum given not exactly from 0.
    """
    if minimum is None:
        minimum = heatmap.amin((1, 2, 3), keepdim=True)
    maximum = heatmap.amax((1, 2, 3), keepdim=True)
    return (heatmap - minimum) / (maximum - minimum).clamp_min(SMALLEST_RANGE)


@MODELS.register_module()
class HeatmapLoss(nn.Module):
    """Mean squared distance of normalized heatmaps.

    Source: Kim et al., Progressive Face Super-Resolution via Attention to
    Facial Landmark, arXiv 1908.08239. Differs: each image's heatmaps are
    stretched from their own minimum; the released training code takes the
    target's for both, which ``target_minimum`` restores.

    Args:
        loss_weight (float): Factor on the result. Defaults to 1.0.
        target_minimum (bool): Stretch the prediction's heatmaps from the
            minimum of the target's. Defaults to False.
    """

    def __init__(
        self, loss_weight: float = 1.0, target_minimum: bool = False
    ) -> None:
        super().__init__()
        self.loss_weight = loss_weight
        self.target_minimum = target_minimum

    def forward(self, pred: Tensor, target: Tensor) -> Tensor:
        """Compute mean((n(pred) - n(target)) ** 2), n as described above.

        Args:
            pred (Tensor): (N, K, H, W) raw heatmaps.
            target (Tensor): (N, K, H, W) raw heatmaps; receives no gradient.

        Returns:
            Tensor: Scalar, at least 0; finite for flat heatmaps too.

        Raises:
            ValueError: If pred and target differ in shape.
        """
        if pred.shape != target.shape:
            raise ValueError(
                'Expected pred and target of one shape, got '
                f'{tuple(pred.shape)} and {tuple(target.shape)}.'
            )
        target = target.detach()
        minimum = None
        if self.target_minimum:
            minimum = target.amin((1, 2, 3), keepdim=True)
        return self.loss_weight * F.mse_loss(
            normalise_heatmaps(pred, minimum), normalise_heatmaps(target)
        )


@MODELS.register_module()
class ForegroundMSELoss(nn.Module):
    """Mean squared error of heatmaps that counts their peaks more.

    Heatmaps of small Gaussians are nearly everywhere 0, and a head that ends
    in a leaky ReLU can settle there: without ``foreground_weight`` it takes
    very long to leave.

    Args:
        foreground_weight (float): How much more a pixel of the target's
            height 1 counts than one of height 0. Defaults to 0, the plain
            mean.
        loss_weight (float): Factor on the result. Defaults to 1.0.
    """

    def __init__(
        self, foreground_weight: float = 0.0, loss_weight: float = 1.0
    ) -> None:
        super().__init__()
        self.foreground_weight = foreground_weight
        self.loss_weight = loss_weight

    def forward(self, pred: Tensor, target: Tensor) -> Tensor:
        """Compute mean((1 + w * target) * (pred - target) ** 2).

        Args:
            pred (Tensor): (N, K, H, W).
            target (Tensor): (N, K, H, W), about 0 to 1.

        Returns:
            Tensor: Scalar, at least 0.
        """
        weight = 1 + self.foreground_weight * target.clamp_min(0)
        return self.loss_weight * (weight * (pred - target) ** 2).mean()
