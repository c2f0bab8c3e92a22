# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The number that every method must beat."""

from typing import Optional

import numpy as np
import torch
from mmengine.model import BaseModel
from PIL import Image
from torch import Tensor

from mmfacesr.compat.mmagic_base import BaseEditModel, DataSample
from mmfacesr.registry import MODELS


@MODELS.register_module()
class BicubicBaseline(BaseEditModel):
    """The 8-bit LR image enlarged by Pillow bicubic, evaluated as a model.

    An input that already has the size of the ground truth is taken as it is:
    the pipeline of such a method enlarges by Pillow bicubic itself.

    Args:
        data_preprocessor (dict): The preprocessor of the compared model.
    """

    def __init__(self, data_preprocessor: dict) -> None:
        # BaseEditModel's own constructor builds a network and a loss.
        BaseModel.__init__(self, data_preprocessor=data_preprocessor)

    def forward_inference(
        self,
        inputs: Tensor,
        data_samples: Optional[DataSample] = None,
        **kwargs: object,
    ) -> DataSample:
        """Enlarge a batch.

        Args:
            inputs (Tensor): (N, 3, h, w), normalized.
            data_samples (DataSample): Stacked, with ``gt_img``.
            kwargs: Not used.

        Returns:
            DataSample: ``pred_img`` (N, 3, H, W) in [0, 255], BGR.
        """
        size = data_samples.gt_img.shape[-2:]
        images = self.data_preprocessor.destruct(inputs, data_samples)
        return DataSample(
            pred_img=torch.stack([enlarge(image, size) for image in images])
        )


def enlarge(image: Tensor, size: torch.Size) -> Tensor:
    """Enlarge one image by Pillow bicubic in 8 bit.

    Args:
        image (Tensor): (3, h, w) in [0, 255].
        size (torch.Size): (H, W).

    Returns:
        Tensor: (3, H, W) float32 of whole numbers in [0, 255].
    """
    pixels = image.round().byte().permute(1, 2, 0).cpu().numpy()
    large = Image.fromarray(pixels).resize((size[1], size[0]), Image.BICUBIC)
    return torch.from_numpy(np.array(large)).permute(2, 0, 1).float()
