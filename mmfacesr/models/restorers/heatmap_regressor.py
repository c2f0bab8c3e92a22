# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Training of a landmark head by its heatmaps."""

from typing import Optional

from torch import Tensor

from mmfacesr.mmagic_base import BaseEditModel, DataSample
from mmfacesr.models.heads import FANTeacher
from mmfacesr.registry import MODELS


@MODELS.register_module()
class HeatmapRegressor(BaseEditModel):
    """A heatmap head trained on its own, every step of it supervised.

    It learns from the heatmaps of a teacher, or from those that are drawn
    around the points of the landmark table.

    Args:
        teacher (str, optional): File or URL for :class:`FANTeacher`, which
            takes the same images as the head, in [0, 1]. Defaults to None,
            the samples' ``gt_heatmap``.
        generator (dict): Config of the head. ``head(image)`` gives the
            heatmaps of its last step, ``head.all_steps(image)`` those of
            every step.
        pixel_loss (dict): Config of the loss between heatmaps.
        kwargs: Other arguments of MMagic's ``BaseEditModel``.
    """

    def __init__(
        self, teacher: Optional[str] = None, **kwargs: object
    ) -> None:
        super().__init__(**kwargs)
        self.teacher = FANTeacher(teacher) if teacher else None

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
            inputs (Tensor): (N, 3, H, W) faces, normalised.
            data_samples (DataSample): Stacked, with ``gt_heatmap`` where
                there is no teacher.

        Raises:
            ValueError: If there is neither.
        """
        if self.teacher is not None:
            target = self.teacher(inputs)
        elif 'gt_heatmap' in data_samples:
            target = data_samples.gt_heatmap
        else:
            raise ValueError(
                'Expected `gt_heatmap` in the training samples or a teacher, '
                'got neither; make landmarks68.npz in the data root with '
                'tools/dataset_converters/extract_landmarks.py, or set '
                'model.teacher to the file or URL of one.'
            )
        return {
            f'loss_align_v{step}': self.pixel_loss(heatmap.float(), target)
            for step, heatmap in enumerate(self.generator.all_steps(inputs))
        }
