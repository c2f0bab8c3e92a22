# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Training of a landmark head by its heatmaps."""

from typing import Optional

from torch import Tensor

from mmfacesr.compat.mmagic_base import BaseEditModel, DataSample
from mmfacesr.registry import MODELS


@MODELS.register_module()
class HeatmapRegressor(BaseEditModel):
    """A heatmap head trained on its own, every step of it supervised.

    It learns from the heatmaps that are drawn around the points of the
    landmark table.

    Args:
        generator (dict): Config of the head. ``head(image)`` gives the
            heatmaps of its last step, ``head.all_steps(image)`` those of
            every step.
        pixel_loss (dict): Config of the loss between heatmaps.
        kwargs: Other arguments of MMagic's ``BaseEditModel``.
    """

    def forward_inference(
        self,
        inputs: Tensor,
        data_samples: Optional[DataSample] = None,
        **kwargs: object,
    ) -> DataSample:
        """Find the heatmaps of a batch.

        Args:
            inputs (Tensor): (N, 3, H, W) faces, normalized.
            data_samples (DataSample, optional): Not used.
            kwargs: Not used.

        Returns:
            DataSample: ``pred_heatmap`` (N, K, h, w) of the head's size.
        """
        prediction = DataSample()
        prediction.set_tensor_data(
            dict(pred_heatmap=self.generator(inputs).float().cpu())
        )
        return prediction

    def forward_train(
        self, inputs: Tensor, data_samples: DataSample
    ) -> dict[str, Tensor]:
        """One heatmap loss a step.

        Args:
            inputs (Tensor): (N, 3, H, W) faces, normalized.
            data_samples (DataSample): Stacked, with what :meth:`target`
                takes.
        """
        target = self.target(inputs, data_samples)
        return {
            f'loss_align_v{step}': self.pixel_loss(heatmap.float(), target)
            for step, heatmap in enumerate(self.generator.all_steps(inputs))
        }

    def target(self, inputs: Tensor, data_samples: DataSample) -> Tensor:
        """Give the heatmaps to learn, (N, K, h, w).

        Raises:
            ValueError: If the samples have none.
        """
        if 'gt_heatmap' not in data_samples:
            raise ValueError(
                'Expected `gt_heatmap` in the training samples, got none; '
                'make landmarks68.npz in the data root with '
                'tools/dataset_converters/extract_landmarks.py.'
            )
        return data_samples.gt_heatmap
