# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Training of DIC and DICGAN.

Source: Ma et al., Deep Face Super-Resolution with Iterative Collaboration
between Attentive Recovery and Landmark Estimation, CVPR 2020, sections 3.3
and 3.4.
"""

from typing import NamedTuple, Optional

from mmengine.model import BaseModule
from torch import Tensor

from mmfacesr.compat.mmagic_base import BaseEditModel, DataSample
from mmfacesr.models.common.restorers.face_gan_restorer import FaceGANRestorer
from mmfacesr.registry import MODELS


class StepOutputs(NamedTuple):
    """What the generator gives in training, one entry a step."""

    images: list[Tensor]
    """(N, 3, H, W) each, normalized."""
    heatmaps: list[Tensor]
    """(N, K, H/4, W/4) each."""

    def detach(self) -> Tensor:
        """The last image without its graph: the discriminator's input."""
        return self.images[-1].detach()


class Targets(NamedTuple):
    """Ground truth of a batch."""

    image: Tensor
    """(N, 3, H, W), normalized."""
    heatmap: Tensor
    """(N, K, H/4, W/4) in [0, 1]."""


def targets_of(data_samples: DataSample) -> Targets:
    """Take the targets from a stacked data sample.

    Raises:
        ValueError: If the samples carry no heatmaps.
    """
    if 'gt_heatmap' not in data_samples:
        raise ValueError(
            'Expected `gt_heatmap` in the training samples, got none; put '
            'LoadLandmarks and DrawHeatmaps into the training pipeline.'
        )
    return Targets(data_samples.gt_img, data_samples.gt_heatmap)


def step_losses(
    outputs: StepOutputs,
    targets: Targets,
    pixel_loss: BaseModule,
    align_loss: BaseModule,
) -> dict[str, Tensor]:
    """Pixel and heatmap loss of every step, summed by the caller.

    The losses are taken in float32, whatever the network ran in: raw
    heatmaps may pass the range of float16.

    Returns:
        dict[str, Tensor]: ``loss_pixel_v<i>`` and ``loss_align_v<i>``.
    """
    losses = {}
    for step, (image, heatmap) in enumerate(zip(*outputs)):
        losses[f'loss_pixel_v{step}'] = pixel_loss(
            image.float(), targets.image
        )
        losses[f'loss_align_v{step}'] = align_loss(
            heatmap.float(), targets.heatmap
        )
    return losses


@MODELS.register_module()
class DICRestorer(BaseEditModel):
    """DIC: pixel and landmark supervision of every step.

    Args:
        align_loss (dict): Config of the loss between heatmaps.
        kwargs: Arguments of MMagic's ``BaseEditModel``: configs of
            ``generator`` (a ``DICGenerator``), ``pixel_loss`` and
            ``data_preprocessor``.
    """

    def __init__(self, align_loss: dict, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.align_loss = MODELS.build(align_loss)

    def forward_tensor(
        self, inputs: Tensor, data_samples: Optional[DataSample] = None
    ) -> Tensor:
        """Super-resolve a batch.

        Args:
            inputs (Tensor): (N, 3, h, w), normalized.
            data_samples (DataSample, optional): Not used.

        Returns:
            Tensor: (N, 3, 8h, 8w), normalized, not clamped.
        """
        return self.generator(inputs, image_only=True)

    def forward_train(
        self, inputs: Tensor, data_samples: DataSample
    ) -> dict[str, Tensor]:
        """Losses of a batch.

        Args:
            inputs (Tensor): (N, 3, h, w), normalized.
            data_samples (DataSample): Stacked, with ``gt_img`` and
                ``gt_heatmap``.

        Returns:
            dict[str, Tensor]: One pixel and one heatmap loss a step.
        """
        return step_losses(
            StepOutputs(*self.generator(inputs)),
            targets_of(data_samples),
            self.pixel_loss,
            self.align_loss,
        )


@MODELS.register_module()
class DICGANRestorer(FaceGANRestorer):
    """DICGAN: DIC's losses, a discriminator and a feature loss.

    The adversarial and the feature loss act on the last step only. Unlike
    the released training code, which compares the last image in every step,
    each step's own image is compared (paper, equation 8).

    Args:
        align_loss (dict): Config of the loss between heatmaps.
        kwargs: Arguments of :class:`FaceGANRestorer`.
    """

    def __init__(self, align_loss: dict, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.align_loss = MODELS.build(align_loss)

    def forward_tensor(
        self,
        inputs: Tensor,
        data_samples: Optional[DataSample] = None,
        training: bool = False,
    ) -> Tensor | StepOutputs:
        """Super-resolve a batch; in training keep what every step made.

        Args:
            inputs (Tensor): (N, 3, h, w), normalized.
            data_samples (DataSample, optional): Not used.
            training (bool): Whether losses follow.

        Returns:
            Tensor | StepOutputs: (N, 3, 8h, 8w), or all steps in training.
        """
        if training:
            return StepOutputs(*self.generator(inputs))
        return self.generator(inputs, image_only=True)

    def extract_gt_data(self, data_samples: DataSample) -> Targets:
        """Targets of a batch."""
        return targets_of(data_samples)

    def g_step(
        self, batch_outputs: StepOutputs, batch_gt_data: Targets
    ) -> dict[str, Tensor]:
        """Losses of the generator."""
        losses = step_losses(
            batch_outputs, batch_gt_data, self.pixel_loss, self.align_loss
        )
        return losses | self.adversarial_losses(
            batch_outputs.images[-1], batch_gt_data.image
        )

    def d_step_real(
        self, batch_outputs: Tensor, batch_gt_data: Targets
    ) -> Tensor:
        """Loss of the discriminator on real faces."""
        return super().d_step_real(batch_outputs, batch_gt_data.image)
