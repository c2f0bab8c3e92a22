# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Training of a landmark head by its heatmaps."""

from typing import Dict, List, Optional

from torch import Tensor

from mmfacesr.mmagic_base import BaseEditModel, DataSample
from mmfacesr.registry import MODELS


@MODELS.register_module()
class HeatmapRegressor(BaseEditModel):
    """A recurrent heatmap head trained on its own.

    The head sees the same image ``num_steps`` times with its hidden state
    fed back, as it will be used, and every step is supervised.

    Args:
        generator (dict): Config of the head: ``head(image, hidden)`` gives
            heatmaps and the next hidden state.
        pixel_loss (dict): Config of the loss between heatmaps.
        num_steps (int): Steps of an iteration. Defaults to 4.
        train_cfg (dict, optional): Kept for MMagic; not used.
        test_cfg (dict, optional): Kept for MMagic; not used.
        init_cfg (dict, optional): Initialisation, see mmengine.
        data_preprocessor (dict, optional): Config of the preprocessor.
    """

    def __init__(self,
                 generator: dict,
                 pixel_loss: dict,
                 num_steps: int = 4,
                 train_cfg: Optional[dict] = None,
                 test_cfg: Optional[dict] = None,
                 init_cfg: Optional[dict] = None,
                 data_preprocessor: Optional[dict] = None) -> None:
        super().__init__(
            generator=generator,
            pixel_loss=pixel_loss,
            train_cfg=train_cfg,
            test_cfg=test_cfg,
            init_cfg=init_cfg,
            data_preprocessor=data_preprocessor)
        self.num_steps = num_steps

    def all_steps(self, inputs: Tensor) -> List[Tensor]:
        """Heatmaps (N, K, H/4, W/4) of every step."""
        heatmaps, hidden = [], None
        for _ in range(self.num_steps):
            heatmap, hidden = self.generator(inputs, hidden)
            heatmaps.append(heatmap)
        return heatmaps

    def forward_tensor(self,
                       inputs: Tensor,
                       data_samples: Optional[DataSample] = None) -> Tensor:
        """Heatmaps of the last step.

        Args:
            inputs (Tensor): (N, 3, H, W) faces, normalised.
            data_samples (DataSample, optional): Not used.

        Returns:
            Tensor: (N, K, H/4, W/4).
        """
        return self.all_steps(inputs)[-1]

    def forward_inference(self,
                          inputs: Tensor,
                          data_samples: Optional[DataSample] = None,
                          **kwargs: object) -> DataSample:
        """Heatmaps of the last step as ``pred_heatmap``."""
        heatmaps = self.forward_tensor(inputs).float().cpu()
        prediction = DataSample()
        prediction.set_tensor_data(dict(pred_heatmap=heatmaps))
        return prediction

    def forward_train(self, inputs: Tensor,
                      data_samples: DataSample) -> Dict[str, Tensor]:
        """One heatmap loss a step."""
        target = data_samples.gt_heatmap
        return {
            f'loss_align_v{step}': self.pixel_loss(heatmap.float(), target)
            for step, heatmap in enumerate(self.all_steps(inputs))
        }
