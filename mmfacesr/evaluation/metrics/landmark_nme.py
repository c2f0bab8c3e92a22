# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Error of predicted landmarks."""

from collections.abc import Sequence

import numpy as np

from mmfacesr.compat.mmagic_base import BaseSampleWiseMetric
from mmfacesr.evaluation.functional.landmarks import decode_heatmaps, nme
from mmfacesr.registry import METRICS

NAMES = {'all': 'NME', 'inner': 'NME-inner51'}
"""Points that are averaged -> name of the value."""
POINTS = 'pred_landmark'
"""Of a model's output: the points themselves, without heatmaps."""


@METRICS.register_module()
class LandmarkNME(BaseSampleWiseMetric):
    """Normalized mean error of 68 landmarks, mean over images.

    Points are ``output.pred_landmark`` (68, 2) of a sample, x, y in pixels of
    the image, or are read from ``output.pred_heatmap`` (68, h, w). They are
    compared with its ``gt_landmark`` (68, 2), which the pipeline packs by
    ``PackInputs(meta_keys=['gt_landmark'])``: as data it would be taken for
    an image. The value is called ``NME``, or ``NME-inner51``.

    Args:
        stride (float): Image pixels for each heatmap pixel, 1 for heatmaps as
            large as the image. Defaults to 4.
        decode (str): 'argmax', as DIC's training log, 'quarter' or
            'centroid'; see
            :func:`decode_heatmaps`. Defaults to 'argmax'.
        norm (str): What the error is divided by; see :func:`nme`. Defaults
            to 'inter-ocular'.
        points (str): 'all' 68 or the 51 'inner' ones without the jaw line.
            Defaults to 'all'.
        kwargs: Arguments of MMagic's ``BaseSampleWiseMetric``.

    Raises:
        ValueError: If there is no such group of points.
    """

    metric = 'NME'

    def __init__(
        self,
        stride: float = 4,
        decode: str = 'argmax',
        norm: str = 'inter-ocular',
        points: str = 'all',
        **kwargs: object,
    ) -> None:
        if points not in NAMES:
            raise ValueError(
                f'Expected points to be one of {sorted(NAMES)}, got '
                f'{points!r}.'
            )
        super().__init__(
            gt_key='gt_landmark', pred_key='pred_heatmap', **kwargs
        )
        self.stride = stride
        self.decode = decode
        self.norm = norm
        self.points = points
        self.metric = NAMES[points]

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
            pred = self._predicted(sample['output'])
            error = nme(pred, target, self.norm, self.points)
            self.results.append({self.metric: float(error)})

    def _predicted(self, output: dict) -> np.ndarray:
        """Points of a face, (68, 2) x, y in pixels of the image."""
        if POINTS in output:
            return output[POINTS].detach().cpu().numpy()
        heatmap = self._entry(output, self.pred_key)
        return decode_heatmaps(
            heatmap.detach().cpu().float().numpy(), self.stride, self.decode
        )

    def _entry(self, sample: dict, key: str) -> object:
        """Entry of a sample, or an error with the remedy."""
        if key not in sample:
            raise KeyError(
                f'Expected `{key}` for {type(self).__name__}, got '
                f'{sorted(sample)}; the pipeline needs LoadLandmarks and '
                "PackInputs(meta_keys=['gt_landmark']), the model must give "
                'pred_heatmap or pred_landmark.'
            )
        return sample[key]
