# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Adversarial loss of SPARNetHD."""

from collections.abc import Callable, Sequence
from typing import Literal, get_args

import torch.nn.functional as F
from torch import Tensor, nn

from mmfacesr.models.common.layers import at_least_float32
from mmfacesr.registry import MODELS

GANType = Literal['hinge', 'vanilla', 'lsgan', 'wgan', 'softwgan']


def _hinge(scores: Tensor, is_real: bool) -> Tensor:
    return F.relu(1 - scores if is_real else 1 + scores)


def _cross_entropy(scores: Tensor, is_real: bool) -> Tensor:
    # Binary cross entropy with logits, for the targets 1 and 0.
    return F.softplus(-scores if is_real else scores)


def _square(scores: Tensor, is_real: bool) -> Tensor:
    return (scores - (1 if is_real else 0)) ** 2


def _linear(scores: Tensor, is_real: bool) -> Tensor:
    return -scores if is_real else scores


Term = Callable[[Tensor, bool], Tensor]
# Term of the discriminator, term of the generator. Softplus of the softwgan
# is the cross entropy under another name.
TERMS: dict[str, tuple[Term, Term]] = {
    'hinge': (_hinge, _linear),
    'vanilla': (_cross_entropy, _cross_entropy),
    'lsgan': (_square, _square),
    'wgan': (_linear, _linear),
    'softwgan': (_cross_entropy, _cross_entropy),
}


@MODELS.register_module()
class MultiScaleGANLoss(nn.Module):
    """Adversarial loss on the scores of a discriminator at several scales.

    It is called as MMagic's ``GANLoss``. A part of the discriminator's loss,
    real or fake, comes with a factor of 0.5, so that the two add up to a mean.

    Source: Chen et al., Learning Spatial Attention for Face Super-Resolution,
    arXiv 2012.01211. Differs: none.

    Args:
        gan_type (str): 'hinge', 'vanilla' (cross entropy), 'lsgan' (squares),
            'wgan' (difference of scores; a gradient penalty is not part of
            it) or 'softwgan' (softplus). Defaults to 'hinge'.
        loss_weight (float): Factor on the generator's loss; the
            discriminator's has none. Defaults to 1.0.

    Raises:
        ValueError: If gan_type is unknown.
    """

    def __init__(
        self, gan_type: GANType = 'hinge', loss_weight: float = 1.0
    ) -> None:
        super().__init__()
        if gan_type not in get_args(GANType):
            raise ValueError(
                f'Expected gan_type to be one of {get_args(GANType)}, got '
                f'{gan_type!r}.'
            )
        self.gan_type = gan_type
        self.loss_weight = loss_weight

    def forward(
        self,
        scores: Tensor | Sequence[Tensor],
        target_is_real: bool,
        is_disc: bool = False,
    ) -> Tensor:
        """Compute the mean over scales of the mean term of a score.

        Args:
            scores (Tensor | Sequence[Tensor]): (N, 1, h, w) of each scale,
                before any sigmoid.
            target_is_real (bool): Whether the scores should be those of real
                images; always True for the generator.
            is_disc (bool): Whether the loss is the discriminator's. Defaults
                to False.

        Returns:
            Tensor: Scalar, at least float32 also under autocast.

        Raises:
            ValueError: If there is no score, or the generator is to make its
                images look fake.
        """
        if isinstance(scores, Tensor):
            scores = [scores]
        if not scores:
            raise ValueError('Expected scores of at least one scale, got 0.')
        if not (is_disc or target_is_real):
            raise ValueError(
                'Expected target_is_real=True for the generator, got False; '
                'set is_disc=True for the loss of the discriminator.'
            )
        of_discriminator, of_generator = TERMS[self.gan_type]
        term = of_discriminator if is_disc else of_generator
        means = [
            term(at_least_float32(score), target_is_real).mean()
            for score in scores
        ]
        factor = 0.5 if is_disc else self.loss_weight
        return factor * sum(means) / len(means)
