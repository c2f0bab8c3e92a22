# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Training of a landmark head by its heatmaps."""

from typing import Optional

from torch import Tensor

from mmfacesr.mmagic_base import BaseEditModel, DataSample
from mmfacesr.registry import MODELS


@MODELS.register_module()
class HeatmapRegressor(BaseEditModel):
    """A heatmap head trained on its own, every step of it supervised.

    Args:
        generator (dict): Config of the head. ``head(image)`` gives the
            heatmaps of its last step, ``head.all_steps(image)`` those of
            every step.
        pixel_loss (dict): Config of the loss between heatmaps.
        train_cfg (dict, optional): Kept for MMagic; not used.
        test_cfg (dict, optional): Kept for MMagic; not used.
        init_cfg (dict, optional): Initialisation, see mmengine.
        data_preprocessor (dict, optional): Config of the preprocessor.
    """

    def forward_inference(
        self,
        inputs: Tensor,
        data_samples: Optional[DataSample] = None,
        **kwargs: object,
    ) -> DataSample:
        """Find the heatmaps of a batch.

        Args:
            inputs (Tensor): (N, 3, H, W) faces, normalised.
            data_samples (DataSample, optional): Not used.
            kwargs: Not used.

        Returns:
            DataSample: ``pred_heatmap`` (N, K, H/4, W/4).
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
            inputs (Tensor): (N, 3, H, W) faces, normalised.
            data_samples (DataSample): Stacked, with ``gt_heatmap``.
        """
        target = data_samples.gt_heatmap
        return {
            f'loss_align_v{step}': self.pixel_loss(heatmap.float(), target)
            for step, heatmap in enumerate(self.generator.all_steps(inputs))
        }
