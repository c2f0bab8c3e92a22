# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Adversarial training of a face super-resolution network."""

from typing import Optional

import torch
from torch import Tensor

from mmfacesr.compat.mmagic_base import SRGAN
from mmfacesr.registry import MODELS


@MODELS.register_module()
class FaceGANRestorer(SRGAN):
    """A generator trained against a discriminator.

    MMagic's ``SRGAN`` with these differences: the step counter that its
    schedules read is part of the checkpoint, so that they survive a resume;
    the adversarial part may start after a pixel-only warm-up; features of a
    frozen network and of the discriminator may be compared.

    Args:
        feature_loss (dict, optional): Config of a loss between features of
            prediction and ground truth, called with the two images.
        feature_matching_loss (dict, optional): Config of a loss between the
            discriminator's features of the two; it has to give them:
            ``discriminator(image, return_features=True)``.
        train_cfg (dict, optional): ``pixel_init`` (iterations before the
            adversarial part and the feature losses start, default 0),
            ``disc_repeat`` (discriminator updates an iteration, default 1)
            and the other settings of ``SRGAN``.
        kwargs: Arguments of ``SRGAN``: configs of ``generator``,
            ``discriminator``, ``gan_loss`` (its weight acts on the generator
            alone), ``pixel_loss`` and ``data_preprocessor``. Without
            discriminator or GAN loss the adversarial part is left out.
    """

    def __init__(
        self,
        feature_loss: Optional[dict] = None,
        feature_matching_loss: Optional[dict] = None,
        train_cfg: Optional[dict] = None,
        **kwargs: object,
    ) -> None:
        super().__init__(train_cfg=train_cfg, **kwargs)
        self.feature_loss = feature_loss and MODELS.build(feature_loss)
        self.feature_matching_loss = feature_matching_loss and MODELS.build(
            feature_matching_loss
        )
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

    def g_step(
        self, batch_outputs: Tensor, batch_gt_data: Tensor
    ) -> dict[str, Tensor]:
        """Losses of the generator.

        Args:
            batch_outputs (Tensor): (N, 3, H, W) prediction, normalized.
            batch_gt_data (Tensor): (N, 3, H, W) ground truth, normalized.

        Returns:
            dict[str, Tensor]: ``loss_pix`` and those of the adversarial part.
        """
        losses = dict(loss_pix=self.pixel_loss(batch_outputs, batch_gt_data))
        return losses | self.adversarial_losses(batch_outputs, batch_gt_data)

    def adversarial_losses(
        self, image: Tensor, target: Tensor
    ) -> dict[str, Tensor]:
        """Losses of a prediction that join after ``pixel_init`` iterations.

        Args:
            image (Tensor): (N, 3, H, W) prediction, normalized.
            target (Tensor): (N, 3, H, W) ground truth, normalized.

        Returns:
            dict[str, Tensor]: ``loss_gan``, ``loss_feature_matching`` and
            ``loss_feature`` as far as configured, weighted.
        """
        if not self.adversarial():
            return {}
        losses = {}
        if self.feature_matching_loss is None:
            scores = self.discriminator(image)
        else:
            with torch.no_grad():
                _, wanted = self.discriminator(target, return_features=True)
            scores, found = self.discriminator(image, return_features=True)
            losses['loss_feature_matching'] = self.feature_matching_loss(
                found, wanted
            )
        losses['loss_gan'] = self.gan_loss(
            scores, target_is_real=True, is_disc=False
        )
        if self.feature_loss is not None:
            losses['loss_feature'] = self.feature_loss(image, target)
        return losses
