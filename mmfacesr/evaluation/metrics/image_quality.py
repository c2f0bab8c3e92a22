# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Metrics of the configs beside MMagic's PSNR and SSIM."""

from collections.abc import Sequence

import numpy as np
from torch import Tensor

from mmfacesr.evaluation.functional import PAPER_PROTOCOLS, mae
from mmfacesr.mmagic_base import BaseSampleWiseMetric
from mmfacesr.registry import METRICS


def rgb_pair(
    sample: dict, gt_key: str, pred_key: str
) -> 'tuple[np.ndarray, np.ndarray]':
    """Prediction and ground truth, (H, W, 3) RGB in [0, 255], of a sample.

    MMagic hands both over as (3, H, W) BGR tensors.
    """

    def rgb(image: Tensor) -> np.ndarray:
        return image.detach().cpu().float().flip(0).permute(1, 2, 0).numpy()

    return rgb(sample['output'][pred_key]), rgb(sample[gt_key])


@METRICS.register_module()
class BorderMAE(BaseSampleWiseMetric):
    """Mean absolute error in grey levels (0..255), RGB, border cut off.

    MMagic's ``MAE`` is a fraction of 255 and keeps the border.

    Args:
        crop_border (int): Pixels cut off each side.
        kwargs: Arguments of MMagic's ``BaseSampleWiseMetric``.
    """

    metric = 'MAE'

    def __init__(self, crop_border: int, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.crop_border = crop_border

    def process(
        self, data_batch: Sequence[dict], data_samples: Sequence[dict]
    ) -> None:
        """Measure every image of a batch."""
        for sample in data_samples:
            pair = rgb_pair(sample, self.gt_key, self.pred_key)
            self.results.append({self.metric: mae(*pair, self.crop_border)})


@METRICS.register_module()
class PaperProtocol(BaseSampleWiseMetric):
    """The values of a paper's own protocol, under its name.

    Args:
        protocol (str): Key of ``PAPER_PROTOCOLS``, for instance 'dic'; also
            the prefix of the values, as in ``dic/PSNR``.
        kwargs: Arguments of MMagic's ``BaseSampleWiseMetric``.

    Raises:
        ValueError: If there is no such protocol.
    """

    metric = 'paper_protocol'

    def __init__(self, protocol: str, **kwargs: object) -> None:
        if protocol not in PAPER_PROTOCOLS:
            raise ValueError(
                f'Expected one of {sorted(PAPER_PROTOCOLS)}, got '
                f'the protocol {protocol!r}.'
            )
        super().__init__(prefix=protocol, **kwargs)
        self.measure = PAPER_PROTOCOLS[protocol]

    def process(
        self, data_batch: Sequence[dict], data_samples: Sequence[dict]
    ) -> None:
        """Measure every image of a batch."""
        for sample in data_samples:
            pair = rgb_pair(sample, self.gt_key, self.pred_key)
            self.results.append(self.measure(*pair))

    def compute_metrics(self, results: list[dict]) -> dict[str, float]:
        """Mean of each value over the images."""
        return {
            name: float(np.mean([result[name] for result in results]))
            for name in results[0]
        }
