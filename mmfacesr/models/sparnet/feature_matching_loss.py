# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Feature matching loss of SPARNetHD."""

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn

from mmfacesr.models.common.layers import at_least_float32
from mmfacesr.registry import MODELS

Features = Sequence[Sequence[Tensor]]


@MODELS.register_module()
class FeatureMatchingLoss(nn.Module):
    """L1 distance between features of a discriminator at several scales.

    Source: Wang et al., High-Resolution Image Synthesis and Semantic
    Manipulation with Conditional GANs, arXiv 1711.11585, as Chen et al.,
    arXiv 2012.01211, use it. Differs: none.

    Args:
        loss_weight (float): Factor on the result. Defaults to 10.0.
    """

    def __init__(self, loss_weight: float = 10.0) -> None:
        super().__init__()
        self.loss_weight = loss_weight

    def forward(self, fake: Features, real: Features) -> Tensor:
        """Compute mean over scales of the sum of mean |fake - real|.

        Args:
            fake (Sequence[Sequence[Tensor]]): One list a scale with the
                features of the predicted image, of any shapes.
            real (Sequence[Sequence[Tensor]]): Those of the ground truth, of
                the same shapes; they receive no gradient.

        Returns:
            Tensor: Scalar, at least 0, at least float32 also under autocast.

        Raises:
            TypeError: If one scale is a tensor instead of a list.
            ValueError: If there are no features or the shapes differ.
        """
        shapes = _shapes(fake)
        if not shapes or not all(shapes):
            raise ValueError(
                'Expected at least one scale and one feature in each, got '
                f'{[len(scale) for scale in shapes]} features.'
            )
        if shapes != _shapes(real):
            raise ValueError(
                'Expected features of fake and real of the same shapes, got '
                f'{shapes} and {_shapes(real)}.'
            )
        terms = [
            F.l1_loss(at_least_float32(f), at_least_float32(r.detach()))
            for scale in zip(fake, real)
            for f, r in zip(*scale)
        ]
        return self.loss_weight * sum(terms) / len(shapes)


def _shapes(features: Features) -> list[list[tuple[int, ...]]]:
    """Return the shape of every feature of every scale."""
    if any(isinstance(scale, Tensor) for scale in features):
        raise TypeError(
            'Expected a list of features for each scale, got a tensor; put '
            'the features of a single scale into a list of one list.'
        )
    return [[tuple(feature.shape) for feature in scale] for scale in features]
