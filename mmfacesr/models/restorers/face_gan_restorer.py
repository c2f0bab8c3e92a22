# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Adversarial training of a face super-resolution network."""

from typing import Optional

import torch
from torch import Tensor

from mmfacesr.mmagic_base import SRGAN
from mmfacesr.registry import MODELS


@MODELS.register_module()
class FaceGANRestorer(SRGAN):
    """A generator trained against a discriminator.

    MMagic's ``SRGAN`` with two differences: the step counter that its
    schedules read is part of the checkpoint, so that they survive a resume,
    and the adversarial part may start after a pixel-only warm-up.

    Args:
        train_cfg (dict, optional): ``pixel_init`` (iterations before the
            adversarial part starts, default 0), ``disc_repeat``
            (discriminator updates an iteration, default 1) and the other
            settings of ``SRGAN``.
        kwargs: Arguments of ``SRGAN``: configs of ``generator``,
            ``discriminator``, ``gan_loss`` (its weight acts on the generator
            alone), ``pixel_loss``, ``perceptual_loss`` and
            ``data_preprocessor``. Without discriminator or GAN loss the
            adversarial part is left out.
    """

    def __init__(
        self, train_cfg: Optional[dict] = None, **kwargs: object
    ) -> None:
        super().__init__(train_cfg=train_cfg, **kwargs)
        # SRGAN leaves it out of the checkpoint and restarts its schedules.
        self.register_buffer('step_counter', torch.tensor(0), persistent=True)
        self.pixel_init = (train_cfg or {}).get('pixel_init', 0)

    def adversarial(self) -> bool:
        """Whether the adversarial part takes part in this iteration."""
        return (
            self.discriminator is not None
            and self.gan_loss is not None
            and bool(self.step_counter >= self.pixel_init)
        )

    def if_run_d(self) -> bool:
        """Whether the discriminator is updated in this iteration."""
        return self.adversarial()

    def adversarial_loss(self, image: Tensor) -> Tensor:
        """Loss that asks the discriminator to take ``image`` for real.

        Args:
            image (Tensor): (N, 3, H, W) prediction, normalised.

        Returns:
            Tensor: Scalar, weighted.
        """
        return self.gan_loss(
            self.discriminator(image), target_is_real=True, is_disc=False
        )
