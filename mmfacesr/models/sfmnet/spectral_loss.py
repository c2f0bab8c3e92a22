# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Distance between images by amplitude and phase."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmfacesr.models.common.layers import at_least_float32, no_autocast
from mmfacesr.models.sfmnet.spectrum import amplitude_and_phase
from mmfacesr.registry import MODELS


@MODELS.register_module()
class SpectralLoss(nn.Module):
    """L1 distance of the amplitudes and of the phases of two images.

    Means over the half spectrum of the transform that is not normalized; the
    difference of two phases is not wrapped.

    Source: Wang et al., CVPR 2023, equation of the frequency loss. Differs:
    see `amplitude_and_phase`.

    Args:
        loss_weight (float): Factor on both. Defaults to 0.01.
    """

    def __init__(self, loss_weight: float = 0.01) -> None:
        super().__init__()
        self.loss_weight = loss_weight

    def forward(self, pred: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        """Compare images.

        Args:
            pred (Tensor): (N, C, H, W), normalized.
            target (Tensor): Same shape; receives no gradient.

        Returns:
            tuple[Tensor, Tensor]: Distance of amplitudes and of phases,
            scalars, at least float32.

        Raises:
            ValueError: If the shapes differ.
        """
        if pred.shape != target.shape:
            raise ValueError(
                'Expected pred and target of one shape, got '
                f'{tuple(pred.shape)} and {tuple(target.shape)}.'
            )
        with no_autocast(pred):
            found = amplitude_and_phase(at_least_float32(pred))
            with torch.no_grad():
                wanted = amplitude_and_phase(at_least_float32(target))
            amplitude, phase = map(F.l1_loss, found, wanted)
        return self.loss_weight * amplitude, self.loss_weight * phase
