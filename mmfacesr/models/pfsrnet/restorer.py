# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Training of PFSRNet: a generator that grows against a discriminator.

Source: Kim et al., Progressive Face Super-Resolution via Attention to Facial
Landmark, arXiv 1908.08239; loss weights and order of updates as its first
author once published them.
"""

from typing import NamedTuple, Optional

import torch
from mmengine.optim import OptimWrapperDict
from torch import Tensor

from mmfacesr.compat.mmagic_base import DataSample
from mmfacesr.models.common.restorers.face_gan_restorer import FaceGANRestorer
from mmfacesr.models.pfsrnet.gradient_penalty import gradient_penalty
from mmfacesr.models.pfsrnet.landmark_guidance import LandmarkGuidance
from mmfacesr.models.pfsrnet.schedule import Progress, ProgressiveSchedule
from mmfacesr.registry import MODELS

TARGETS = ('gt_x2', 'gt_x4', 'gt_img')
"""Names of the ground truth of each step."""


class GrowingTargets(NamedTuple):
    """Ground truth of a batch at the step that is trained."""

    image: Tensor
    """(N, 3, H, W), normalized."""
    heatmap: Optional[Tensor]
    """(N, K, h, w) in [0, 1], where the samples have them."""


@MODELS.register_module()
class ProgressiveRestorer(FaceGANRestorer):
    """A generator and a discriminator that grow from 32 to 64 to 128 pixels.

    The iteration (``step_counter``, part of the checkpoint) alone says which
    step is trained and how far it is faded in. Differences from the
    published training: the discriminator sees the image that the generator was
    just trained with, instead of one made anew, so that batch statistics
    move once an iteration; the landmark head is frozen and in eval mode.

    Args:
        schedule (list[dict]): The steps; see :class:`ProgressiveStep`. What
            a step does not weight is not computed in it.
        landmark_guidance (dict, optional): Arguments of
            :class:`LandmarkGuidance`, needed if a step weights 'attention'
            or 'heatmap'.
        drift_loss (dict, optional): Config of the loss that keeps the
            discriminator's scores of real faces near 0.
        penalty_weight (float): Weight of the discriminator's gradient penalty.
            Defaults to 10.
        kwargs: Arguments of :class:`FaceGANRestorer`.

    Raises:
        ValueError: If a step weights a loss that is not configured, or there
            are more or fewer steps than targets.
    """

    def __init__(
        self,
        schedule: list[dict],
        landmark_guidance: Optional[dict] = None,
        drift_loss: Optional[dict] = None,
        penalty_weight: float = 10.0,
        **kwargs: object,
    ) -> None:
        super().__init__(**kwargs)
        self.schedule = ProgressiveSchedule(schedule)
        self.landmark_guidance = landmark_guidance and LandmarkGuidance(
            **landmark_guidance
        )
        self.drift_loss = drift_loss and MODELS.build(drift_loss)
        self.penalty_weight = penalty_weight
        self._check()

    def _check(self) -> None:
        """Refuse a schedule that cannot be carried out."""
        if len(self.schedule.steps) != len(TARGETS):
            raise ValueError(
                f'Expected a schedule of {len(TARGETS)} steps, got '
                f'{len(self.schedule.steps)}.'
            )
        parts = dict(
            pixel=self.pixel_loss,
            feature=self.feature_loss,
            gan=self.gan_loss and self.discriminator,
            attention=self.landmark_guidance,
            heatmap=self.landmark_guidance,
        )
        for name, part in parts.items():
            if part is None and self.schedule.uses(name):
                raise ValueError(
                    f'Expected what the loss {name!r} of the schedule needs, '
                    f'got none; configure it (a discriminator too, if gan), '
                    f'or leave {name!r} out of loss_weights.'
                )

    def progress(self, ahead: int = 0) -> Progress:
        """Say which step is trained; ``ahead=-1``: was trained last."""
        return self.schedule.at(max(int(self.step_counter) + ahead, 0))

    def weight(self, loss: str) -> float:
        """Weight of a loss in the step that is trained."""
        return self.schedule.steps[self.progress().step - 1].weight(loss)

    def adversarial(self) -> bool:
        """Whether the discriminator takes part in this iteration."""
        return super().adversarial() and bool(self.weight('gan'))

    def forward_tensor(
        self,
        inputs: Tensor,
        data_samples: Optional[DataSample] = None,
        training: bool = False,
        progress: Optional[Progress] = None,
    ) -> Tensor:
        """Super-resolve a batch.

        Args:
            inputs (Tensor): (N, 3, h, w), normalized.
            data_samples (DataSample, optional): Not used.
            training (bool): Whether losses follow: then at the step that is
                trained.
            progress (Progress, optional): Another step than the last.

        Returns:
            Tensor: (N, 3, 2**step h, 2**step w), normalized, not clamped.
        """
        if training:
            progress = self.progress()
        progress = progress or Progress(len(TARGETS), 1.0)
        return self.generator(inputs, **progress._asdict())

    def forward_inference(
        self,
        inputs: Tensor,
        data_samples: Optional[DataSample] = None,
        progress: Optional[Progress] = None,
        **kwargs: object,
    ) -> DataSample:
        """Super-resolve a batch for metrics and files.

        Args:
            inputs (Tensor): (N, 3, h, w), normalized.
            data_samples (DataSample, optional): Stacked.
            progress (Progress, optional): Another step than the last.
            kwargs: Not used.

        Returns:
            DataSample: ``pred_img`` (N, 3, H, W) in [0, 255], BGR, and
            ``pred_unclamped``, the same before it was clamped.
        """
        images = self.forward_tensor(inputs, progress=progress).float()
        # What `destruct` does, but for the clamping; nothing is padded here.
        unclamped = self.data_preprocessor._destruct_norm_and_conversion(
            images, data_samples, 'img'
        )
        unclamped = unclamped.cpu()
        prediction = DataSample(pred_img=unclamped.clamp(0, 255))
        prediction.set_tensor_data(dict(pred_unclamped=unclamped))
        return prediction

    def val_step(self, data: dict) -> list[DataSample]:
        """Predict at the step that was trained last, beside its target."""
        progress = self.progress(ahead=-1)
        data = self.data_preprocessor(data, False)
        samples = data['data_samples']
        target = samples.get(TARGETS[progress.step - 1])
        samples.set_tensor_data(dict(gt_img=target))
        return self(data['inputs'], samples, mode='predict', progress=progress)

    def extract_gt_data(self, data_samples: DataSample) -> GrowingTargets:
        """Targets of the step that is trained.

        Raises:
            ValueError: If a later step needs heatmaps that are not there.
        """
        heatmap = data_samples.get('gt_heatmap')
        drawn = (
            self.schedule.uses('attention')
            and self.landmark_guidance.head is None
        )
        if drawn and heatmap is None:
            raise ValueError(
                'Expected `gt_heatmap` in the training samples or weights of '
                'a landmark head, got neither; make landmarks68.npz in the '
                'data root with '
                'tools/dataset_converters/extract_landmarks.py, or set '
                'model.landmark_guidance.pretrained to a trained head.'
            )
        image = data_samples.get(TARGETS[self.progress().step - 1])
        return GrowingTargets(image, heatmap)

    def g_step(
        self, batch_outputs: Tensor, batch_gt_data: GrowingTargets
    ) -> dict[str, Tensor]:
        """Losses of the generator, weighted for the step."""
        image, target = batch_outputs.float(), batch_gt_data.image
        weight = self.weight
        losses: dict[str, Tensor] = {}
        if weight('pixel'):
            losses['loss_pix'] = weight('pixel') * self.pixel_loss(
                image, target
            )
        if weight('feature'):
            losses['loss_feature'] = weight('feature') * self.feature_loss(
                image, target
            )
        if self.adversarial():
            losses['loss_gan'] = weight('gan') * self.gan_loss(
                self.judge(batch_outputs),
                target_is_real=True,
                is_disc=False,
            )
        if weight('attention') or weight('heatmap'):
            losses |= self.landmark_guidance(
                image,
                target,
                batch_gt_data.heatmap,
                attention=weight('attention'),
                heatmap=weight('heatmap'),
            )
        return losses

    def judge(self, image: Tensor) -> Tensor:
        """Score images of the step that is trained; (N,)."""
        return self.discriminator(image, **self.progress()._asdict()).float()

    def g_step_with_optim(
        self,
        batch_outputs: Tensor,
        batch_gt_data: GrowingTargets,
        optim_wrapper: OptimWrapperDict,
    ) -> dict[str, Tensor]:
        """Update the generator; tell the log where the training is."""
        logs = super().g_step_with_optim(
            batch_outputs, batch_gt_data, optim_wrapper
        )
        progress = self.progress()
        # mmengine's log calls the iteration `step`
        return logs | dict(
            progressive_step=torch.tensor(float(progress.step)),
            alpha=torch.tensor(progress.alpha),
        )

    def d_step_with_optim(
        self,
        batch_outputs: Tensor,
        batch_gt_data: GrowingTargets,
        optim_wrapper: OptimWrapperDict,
    ) -> dict[str, Tensor]:
        """Update the discriminator by all terms of its loss at once."""
        wrapper = optim_wrapper['discriminator']
        with wrapper.optim_context(self):
            losses = self.discriminator_losses(
                batch_outputs, batch_gt_data.image
            )
        total, logs = self.parse_losses(losses)
        wrapper.update_params(total)
        return logs

    def discriminator_losses(
        self, fake: Tensor, real: Tensor
    ) -> dict[str, Tensor]:
        """Wasserstein distance, drift and gradient penalty.

        Args:
            fake (Tensor): (N, 3, H, W) without graph, normalized.
            real (Tensor): (N, 3, H, W), normalized.
        """
        scores = self.judge(real)
        losses = dict(
            loss_d_real=self.gan_loss(scores, True, is_disc=True),
            loss_d_fake=self.gan_loss(self.judge(fake), False, is_disc=True),
        )
        if self.drift_loss is not None:
            losses['loss_drift'] = self.drift_loss(scores)
        if self.penalty_weight:
            draw = int(self.step_counter)
            penalty = gradient_penalty(self.judge, real, fake, draw)
            losses['loss_penalty'] = self.penalty_weight * penalty
        return losses
