# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""A network trained with a pixel loss and others that look at the image."""

from typing import Optional

from torch import Tensor, nn

from mmfacesr.compat.mmagic_base import BaseEditModel, DataSample
from mmfacesr.registry import MODELS


@MODELS.register_module()
class FaceRestorer(BaseEditModel):
    """MMagic's ``BaseEditModel`` with any number of losses, each by its name.

    Args:
        generator (dict): Config of the network.
        pixel_loss (dict): Config of a loss of prediction and ground truth.
        extra_losses (dict[str, dict]): Name -> config of a further loss of
            the two; its value is logged as ``loss_<name>``.
        kwargs: Arguments of ``BaseEditModel``, say ``data_preprocessor``.
    """

    def __init__(
        self,
        generator: dict,
        pixel_loss: dict,
        extra_losses: dict[str, dict],
        **kwargs: object,
    ) -> None:
        super().__init__(generator, pixel_loss, **kwargs)
        self.extra_losses = nn.ModuleDict(
            {name: MODELS.build(loss) for name, loss in extra_losses.items()}
        )

    def forward_train(
        self,
        inputs: Tensor,
        data_samples: Optional[DataSample] = None,
        **kwargs: object,
    ) -> dict[str, Tensor]:
        """Losses of a batch.

        Args:
            inputs (Tensor): (N, 3, h, w), normalized.
            data_samples (DataSample): Stacked, with ``gt_img`` (N, 3, H, W),
                normalized.
            kwargs: Arguments of the generator.

        Returns:
            dict[str, Tensor]: ``loss_pix`` and ``loss_<name>`` of each
            further loss, weighted.
        """
        pred = self.forward_tensor(inputs, data_samples, **kwargs)
        target = data_samples.gt_img
        losses = dict(loss_pix=self.pixel_loss(pred, target))
        for name, loss in self.extra_losses.items():
            losses[f'loss_{name}'] = loss(pred, target)
        return losses
