# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Metrics of the configs beside MMagic's PSNR and SSIM."""

from collections.abc import Callable, Sequence

import numpy as np
from torch import Tensor

from mmfacesr.compat.mmagic_base import BaseSampleWiseMetric
from mmfacesr.compat.sample_metrics import tell_identical
from mmfacesr.evaluation.functional import mae, ms_ssim
from mmfacesr.evaluation.functional.protocol import Means
from mmfacesr.models.protocols import choose_protocols
from mmfacesr.registry import METRICS
from mmfacesr.utils.finite import FILE
from mmfacesr.utils.image_rows import ImageRows

UNCLAMPED = 'pred_unclamped'
"""Of a model's output: ``pred_img`` before it was clamped to [0, 255]."""
NAMING_SIDE = 64
"""Side in pixels of an image that every protocol can measure."""


def rgb_pair(
    sample: dict, gt_key: str, pred_key: str
) -> 'tuple[np.ndarray, np.ndarray]':
    """Prediction and ground truth, (H, W, 3) RGB in [0, 255], of a sample.

    MMagic hands both over as (3, H, W) BGR tensors.
    """

    def rgb(image: Tensor) -> np.ndarray:
        return image.detach().cpu().float().flip(0).permute(1, 2, 0).numpy()

    return rgb(sample['output'][pred_key]), rgb(sample[gt_key])


class BorderMetric(BaseSampleWiseMetric):
    """One value an image, RGB, border cut off, mean over the images.

    A subclass names its ``metric`` and says how to ``measure`` prediction
    and ground truth, (H, W, 3) RGB in [0, 255], without a border.

    Args:
        crop_border (int): Pixels cut off each side.
        kwargs: Arguments of MMagic's ``BaseSampleWiseMetric``.
    """

    measure: Callable[[np.ndarray, np.ndarray, int], float]

    def __init__(self, crop_border: int, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.crop_border = crop_border

    def process(
        self, data_batch: Sequence[dict], data_samples: Sequence[dict]
    ) -> None:
        """Measure every image of a batch.

        Raises:
            ValueError: If too little is left of an image without its border.
        """
        for sample in data_samples:
            pair = rgb_pair(sample, self.gt_key, self.pred_key)
            value = self.measure(*pair, self.crop_border)
            self.results.append({self.metric: value})


@METRICS.register_module()
class BorderMAE(BorderMetric):
    """Mean absolute error in gray levels (0..255).

    MMagic's ``MAE`` is a fraction of 255 and keeps the border.

    Args:
        crop_border (int): Pixels cut off each side.
        kwargs: Arguments of MMagic's ``BaseSampleWiseMetric``.
    """

    metric = 'MAE'
    measure = staticmethod(mae)


@METRICS.register_module()
class MSSSIM(BorderMetric):
    """Multi-scale SSIM, see :func:`ms_ssim`.

    MMagic's ``MS_SSIM`` compares generated images with each other.

    Args:
        crop_border (int): Pixels cut off each side.
        kwargs: Arguments of MMagic's ``BaseSampleWiseMetric``.
    """

    metric = 'MS-SSIM'
    measure = staticmethod(ms_ssim)


@METRICS.register_module()
class PaperProtocol(BaseSampleWiseMetric):
    """The values of a paper's own protocol, under its name.

    A protocol that measures the prediction before clamping takes
    ``output.pred_unclamped``, (3, H, W) BGR on the scale [0, 255], of a
    sample, and of a model that gives none its ``pred_img``.

    Args:
        protocol (str): Its name, see :mod:`mmfacesr.models.protocols`;
            also the prefix of the values, as in ``NAME/PSNR``.
        kwargs: Arguments of MMagic's ``BaseSampleWiseMetric``.

    Raises:
        ValueError: If there is no such protocol.
    """

    metric = 'paper_protocol'

    def __init__(self, protocol: str, **kwargs: object) -> None:
        super().__init__(prefix=protocol, **kwargs)
        self.protocol = choose_protocols([protocol])[protocol]

    def process(
        self, data_batch: Sequence[dict], data_samples: Sequence[dict]
    ) -> None:
        """Measure every image of a batch."""
        for sample in data_samples:
            pair = rgb_pair(sample, self.gt_key, self._pred_key(sample))
            self.results.append(self.protocol.measure(*pair))

    @property
    def value_names(self) -> list[str]:
        """Names of the values, without the prefix."""
        image = np.zeros((NAMING_SIDE, NAMING_SIDE, 3))
        return list(
            self.protocol.summarize([self.protocol.measure(image, image)])
        )

    def _pred_key(self, sample: dict) -> str:
        """Which prediction of a sample the protocol measures."""
        wanted = not self.protocol.clamped
        return (
            UNCLAMPED
            if wanted and UNCLAMPED in sample['output']
            else self.pred_key
        )

    def compute_metrics(self, results: list[dict]) -> Means:
        """Values of all images.

        Args:
            results (list[dict]): One an image, in the order of the data
                list: mmengine collects those of several processes so.
        """
        tell_identical(f'the protocol {self.prefix}', results)
        if isinstance(results, ImageRows):
            return self.protocol.summarize(results.without(FILE))
        return self.protocol.summarize(
            [{k: v for k, v in r.items() if k != FILE} for r in results]
        )
