# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Error of the landmarks in predicted heatmaps."""

from collections.abc import Sequence

import numpy as np

from mmfacesr.evaluation.functional.landmarks import decode_heatmaps, nme
from mmfacesr.mmagic_base import BaseSampleWiseMetric
from mmfacesr.registry import METRICS


@METRICS.register_module()
class LandmarkNME(BaseSampleWiseMetric):
    """Normalised mean error of 68 landmarks, mean over images.

    Points are read from ``output.pred_heatmap`` (68, h, w) of a sample and
    compared with its ``gt_landmark`` (68, 2), which the pipeline packs by
    ``PackInputs(meta_keys=['gt_landmark'])``: as data it would be taken for
    an image.

    Args:
        stride (float): Image pixels for each heatmap pixel. Defaults to 4.
        decode (str): 'argmax', as DIC's training log, or 'quarter'; see
            :func:`decode_heatmaps`. Defaults to 'argmax'.
        norm (str): What the error is divided by; see :func:`nme`. Defaults
            to 'inter-ocular'.
        kwargs: Arguments of MMagic's ``BaseSampleWiseMetric``.
    """

    metric = 'NME'

    def __init__(
        self,
        stride: float = 4,
        decode: str = 'argmax',
        norm: str = 'inter-ocular',
        **kwargs: object,
    ) -> None:
        super().__init__(
            gt_key='gt_landmark', pred_key='pred_heatmap', **kwargs
        )
        self.stride = stride
        self.decode = decode
        self.norm = norm

    def process(
        self, data_batch: Sequence[dict], data_samples: Sequence[dict]
    ) -> None:
        """Measure every face of a batch.

        Args:
            data_batch (Sequence[dict]): Not used.
            data_samples (Sequence[dict]): Samples with ``output`` and
                ``gt_landmark``.

        Raises:
            KeyError: If a sample lacks one of them; says the remedy.
        """
        for sample in data_samples:
            target = np.asarray(self._entry(sample, self.gt_key))
            heatmap = self._entry(sample['output'], self.pred_key)
            pred = decode_heatmaps(
                heatmap.detach().cpu().float().numpy(),
                self.stride,
                self.decode,
            )
            error = nme(pred, target, self.norm)
            self.results.append({self.metric: float(error)})

    def _entry(self, sample: dict, key: str) -> object:
        """Entry of a sample, or an error with the remedy."""
        if key not in sample:
            raise KeyError(
                f'Expected `{key}` for {type(self).__name__}, got '
                f'{sorted(sample)}; the pipeline needs LoadLandmarks and '
                "PackInputs(meta_keys=['gt_landmark']), the model must give "
                'pred_heatmap.'
            )
        return sample[key]
