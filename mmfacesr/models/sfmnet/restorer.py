# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Training of SFMNet and SFMGAN.

Source: Wang et al., Spatial-Frequency Mutual Learning for Face
Super-Resolution, CVPR 2023; weights as in the released training code.
"""

from typing import Optional

from mmengine.model import BaseModule
from torch import Tensor, nn

from mmfacesr.compat.mmagic_base import BaseEditModel, DataSample
from mmfacesr.models.common.restorers.face_gan_restorer import FaceGANRestorer
from mmfacesr.models.sfmnet.discriminator import Scores
from mmfacesr.models.sfmnet.network import FacePair
from mmfacesr.registry import MODELS


def pair_losses(
    pair: FacePair,
    target: Tensor,
    pixel_loss: BaseModule,
    spectral_loss: nn.Module,
) -> dict[str, Tensor]:
    """Pixel loss of both images, spectral loss of the frequency branch's.

    Args:
        pair (FacePair): What the generator gave.
        target (Tensor): (N, 3, H, W), normalized.
        pixel_loss (BaseModule): Of two images.
        spectral_loss (nn.Module): A `SpectralLoss`.

    Returns:
        dict[str, Tensor]: ``loss_pix``, ``loss_pix_frequency``,
        ``loss_amplitude`` and ``loss_phase``, weighted.
    """
    image, frequency_image = (each.float() for each in pair)
    amplitude, phase = spectral_loss(frequency_image, target)
    return dict(
        loss_pix=pixel_loss(image, target),
        loss_pix_frequency=pixel_loss(frequency_image, target),
        loss_amplitude=amplitude,
        loss_phase=phase,
    )


@MODELS.register_module()
class SFMNetRestorer(BaseEditModel):
    """SFMNet: both its images are compared with the ground truth.

    Args:
        spectral_loss (dict): Config of a `SpectralLoss`.
        kwargs: Arguments of MMagic's ``BaseEditModel``: configs of
            ``generator`` (an `SFMNet`), ``pixel_loss`` and
            ``data_preprocessor``.
    """

    def __init__(self, spectral_loss: dict, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.spectral_loss = MODELS.build(spectral_loss)

    def forward_tensor(
        self, inputs: Tensor, data_samples: Optional[DataSample] = None
    ) -> Tensor:
        """Restore a batch.

        Args:
            inputs (Tensor): (N, 3, H, W), normalized.
            data_samples (DataSample, optional): Not used.

        Returns:
            Tensor: (N, 3, H, W), normalized, not clamped.
        """
        return self.generator(inputs, image_only=True)

    def forward_train(
        self, inputs: Tensor, data_samples: DataSample
    ) -> dict[str, Tensor]:
        """Losses of a batch; see `pair_losses`.

        Args:
            inputs (Tensor): (N, 3, H, W), normalized.
            data_samples (DataSample): Stacked, with ``gt_img``.
        """
        return pair_losses(
            self.generator(inputs),
            data_samples.gt_img,
            self.pixel_loss,
            self.spectral_loss,
        )


@MODELS.register_module()
class SFMGANRestorer(FaceGANRestorer):
    """SFMGAN: SFMNet's losses, two discriminators and a feature loss.

    Differs from the released training code, in which features are detached,
    so that their loss trains nothing; the discriminator of the spectrum never
    learns from restored faces; and optimizers start anew each epoch.

    Args:
        spectral_loss (dict): Config of a `SpectralLoss`.
        spectrum_gan_loss (dict): Config of the adversarial loss by the
            spectrum; its weight acts on the discriminator too.
        kwargs: Arguments of `FaceGANRestorer`; its ``gan_loss`` is that by
            the image.
    """

    def __init__(
        self, spectral_loss: dict, spectrum_gan_loss: dict, **kwargs: object
    ) -> None:
        super().__init__(**kwargs)
        self.spectral_loss = MODELS.build(spectral_loss)
        self.spectrum_gan_loss = MODELS.build(spectrum_gan_loss)

    def forward_tensor(
        self,
        inputs: Tensor,
        data_samples: Optional[DataSample] = None,
        training: bool = False,
    ) -> Tensor | FacePair:
        """Restore a batch; in training also give the frequency branch's image.

        Args:
            inputs (Tensor): (N, 3, H, W), normalized.
            data_samples (DataSample, optional): Not used.
            training (bool): Whether losses follow.

        Returns:
            Tensor | FacePair: (N, 3, H, W), or both in training.
        """
        if training:
            return self.generator(inputs)
        return self.generator(inputs, image_only=True)

    def g_step(
        self, batch_outputs: FacePair, batch_gt_data: Tensor
    ) -> dict[str, Tensor]:
        """Losses of the generator."""
        losses = pair_losses(
            batch_outputs, batch_gt_data, self.pixel_loss, self.spectral_loss
        )
        if not self.adversarial():
            return losses
        scores = self.judge(batch_outputs.image)
        real = dict(target_is_real=True, is_disc=False)
        losses['loss_gan'] = self.gan_loss(scores.image, **real)
        losses['loss_gan_spectrum'] = self.spectrum_gan_loss(
            scores.spectrum, **real
        )
        if self.feature_loss is not None:
            losses['loss_feature'] = self.feature_loss(
                batch_outputs.image, batch_gt_data
            )
        return losses

    def judge(self, image: Tensor) -> Scores:
        """Score images, at least in float32."""
        return Scores(*(each.float() for each in self.discriminator(image)))

    def d_step_real(
        self, batch_outputs: Tensor, batch_gt_data: Tensor
    ) -> Tensor:
        """Loss of the discriminators on real faces."""
        return self.discriminator_loss(batch_gt_data, is_real=True)

    def d_step_fake(
        self, batch_outputs: Tensor, batch_gt_data: Tensor
    ) -> Tensor:
        """Loss of the discriminators on restored faces."""
        return self.discriminator_loss(batch_outputs.detach(), is_real=False)

    def discriminator_loss(self, image: Tensor, is_real: bool) -> Tensor:
        """Sum of both discriminators' losses, that of the spectrum weighted.

        Args:
            image (Tensor): (N, 3, 128, 128) without graph, normalized.
            is_real (bool): Whether they should find it real.
        """
        scores = self.judge(image)
        wanted = dict(target_is_real=is_real, is_disc=True)
        of_spectrum = self.spectrum_gan_loss(scores.spectrum, **wanted)
        return self.gan_loss(scores.image, **wanted) + (
            self.spectrum_gan_loss.loss_weight * of_spectrum
        )
