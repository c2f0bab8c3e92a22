# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Training of the distilled FAN."""

from typing import Optional

from torch import Tensor

from mmfacesr.compat.mmagic_base import DataSample
from mmfacesr.models.common.restorers import HeatmapRegressor
from mmfacesr.models.pfsrnet.fan_teacher import FANTeacher
from mmfacesr.registry import MODELS


@MODELS.register_module()
class FANDistillation(HeatmapRegressor):
    """A heatmap head that learns from a teacher, or from the landmark table.

    Source: Kim et al., Progressive Face Super-Resolution via Attention to
    Facial Landmark, arXiv 1908.08239.

    Args:
        teacher (str, optional): File or URL for :class:`FANTeacher`, which
            takes the same images as the head, in [0, 1]. Defaults to None,
            the samples' ``gt_heatmap``.
        kwargs: Arguments of :class:`HeatmapRegressor`.
    """

    def __init__(
        self, teacher: Optional[str] = None, **kwargs: object
    ) -> None:
        super().__init__(**kwargs)
        self.teacher = FANTeacher(teacher) if teacher else None

    def target(self, inputs: Tensor, data_samples: DataSample) -> Tensor:
        """Give the heatmaps to learn, (N, K, h, w).

        Raises:
            ValueError: If there are neither a teacher nor ``gt_heatmap``.
        """
        if self.teacher is not None:
            return self.teacher(inputs)
        if 'gt_heatmap' in data_samples:
            return data_samples.gt_heatmap
        raise ValueError(
            'Expected `gt_heatmap` in the training samples or a teacher, got '
            'neither; make landmarks68.npz in the data root with '
            'tools/dataset_converters/extract_landmarks.py, or set '
            'model.teacher to the file or URL of one.'
        )
