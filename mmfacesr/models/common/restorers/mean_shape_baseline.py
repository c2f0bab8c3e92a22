# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The number that every landmark method must beat."""

from collections.abc import Sequence
from typing import Optional

import torch
from mmengine.model import BaseModel
from torch import Tensor

from mmfacesr.compat.mmagic_base import BaseEditModel, DataSample
from mmfacesr.registry import MODELS


@MODELS.register_module()
class MeanShapeBaseline(BaseEditModel):
    """The same landmarks for every face, evaluated as a model.

    Args:
        points (Sequence): (K, 2) x, y in pixels of the image, for instance
            from :func:`mmfacesr.apis.baseline.mean_shape`.
        data_preprocessor (dict): The preprocessor of the compared model.

    Raises:
        ValueError: If the points are of another shape.
    """

    def __init__(
        self, points: Sequence[Sequence[float]], data_preprocessor: dict
    ) -> None:
        # BaseEditModel's own constructor builds a network and a loss.
        BaseModel.__init__(self, data_preprocessor=data_preprocessor)
        self.points = torch.as_tensor(points, dtype=torch.float32)
        if self.points.ndim != 2 or self.points.shape[1] != 2:
            raise ValueError(
                'Expected points of shape (K, 2), got '
                f'{tuple(self.points.shape)}.'
            )

    def forward_inference(
        self,
        inputs: Tensor,
        data_samples: Optional[DataSample] = None,
        **kwargs: object,
    ) -> DataSample:
        """Give every face of a batch the points.

        Args:
            inputs (Tensor): (N, 3, H, W) faces; only N counts.
            data_samples (DataSample, optional): Not used.
            kwargs: Not used.

        Returns:
            DataSample: ``pred_landmark`` (N, K, 2).
        """
        prediction = DataSample()
        prediction.set_tensor_data(
            dict(pred_landmark=self.points.repeat(len(inputs), 1, 1))
        )
        return prediction
