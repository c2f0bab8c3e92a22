# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Adversarial training of a face super-resolution network."""

from typing import Optional, Union

import torch
from torch import Tensor, nn

from mmfacesr.mmagic_base import SRGAN
from mmfacesr.registry import MODELS


@MODELS.register_module()
class FaceGANRestorer(SRGAN):
    """A generator trained against a discriminator.

    MMagic's ``SRGAN`` with two differences: the step counter that its
    schedules read is part of the checkpoint, so that they survive a resume,
    and the adversarial part may start after a pixel-only warm-up.

    Args:
        generator (dict): Config of the network, LR in, SR out.
        discriminator (dict, optional): Config of the discriminator. None
            trains without the adversarial part. Defaults to None.
        gan_loss (dict, optional): Config of the adversarial loss; its weight
            acts on the generator alone. Defaults to None.
        pixel_loss (dict, optional): Config of the pixel loss.
        perceptual_loss (dict, optional): Config of the perceptual loss.
        train_cfg (dict, optional): ``pixel_init`` (iterations before the
            adversarial part starts, default 0), ``disc_repeat``
            (discriminator updates an iteration, default 1) and the other
            settings of ``SRGAN``.
        test_cfg (dict, optional): Kept for MMagic; not used.
        init_cfg (dict, optional): Initialisation, see mmengine.
        data_preprocessor (dict, optional): Config of the preprocessor.
    """

    def __init__(self,
                 generator: dict,
                 discriminator: Optional[dict] = None,
                 gan_loss: Optional[dict] = None,
                 pixel_loss: Optional[dict] = None,
                 perceptual_loss: Optional[dict] = None,
                 train_cfg: Optional[dict] = None,
                 test_cfg: Optional[dict] = None,
                 init_cfg: Optional[dict] = None,
                 data_preprocessor: Optional[dict] = None) -> None:
        super().__init__(
            generator=generator,
            discriminator=discriminator,
            gan_loss=gan_loss,
            pixel_loss=pixel_loss,
            perceptual_loss=perceptual_loss,
            train_cfg=train_cfg,
            test_cfg=test_cfg,
            init_cfg=init_cfg,
            data_preprocessor=data_preprocessor)
        # SRGAN leaves it out of the checkpoint and restarts its schedules.
        self.register_buffer('step_counter', torch.tensor(0), persistent=True)
        self.pixel_init = (train_cfg or {}).get('pixel_init', 0)

    def adversarial(self) -> bool:
        """Whether the adversarial part takes part in this iteration."""
        return (self.discriminator is not None and self.gan_loss is not None
                and bool(self.step_counter >= self.pixel_init))

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
            self.discriminator(image), target_is_real=True, is_disc=False)


def build_optional(cfg: Optional[dict]) -> Union[nn.Module, None]:
    """Build a loss or a network that a config may leave out."""
    return MODELS.build(cfg) if cfg else None
