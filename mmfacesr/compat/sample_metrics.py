# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Means of single images of which some have no finite value.

MMagic 1.2.0 averages whatever comes: one image equal to its ground truth
makes the PSNR of all infinite, one NaN makes it NaN, and neither says which
image it was. It keeps a dict for each image and metric.
"""

import logging
import math
from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any

import numpy as np
import torch
from mmengine.logging import print_log

from mmfacesr.compat.seam import wrap_once
from mmfacesr.utils import printable
from mmfacesr.utils.finite import FILE, UNBOUNDED, identical_images
from mmfacesr.utils.image_rows import ImageRows


def mend_sample_metrics(metric: type, evaluator: type) -> None:
    """Average finite values, name the images of others.

    Args:
        metric (type): MMagic's ``BaseSampleWiseMetric``.
        evaluator (type): MMagic's ``Evaluator``.
    """
    wrap_once(metric, 'compute_metrics', _of_finite)
    wrap_once(evaluator, 'process', lambda f: _naming_files(f, metric))


def _of_finite(compute_metrics: Callable) -> Callable:

    def mended(self: Any, results: list[dict]) -> dict:
        tell_identical(self.metric, results)
        finite = (r for r in results if math.isfinite(r[self.metric]))
        first = next(finite, None)
        if first is None:
            return {self.metric: None}
        return compute_metrics(self, chain([first], finite))

    return mended


def tell_identical(metric: str, results: list[dict]) -> None:
    """Say how many images have an infinite value, which no mean has."""
    for name, files in identical_images(results).items():
        print_log(
            f'{metric}: {len(files)} of {len(results)} images equal their '
            f'ground truth, among them {printable(files[0])}; the mean of '
            f'{name} leaves them out.',
            'current',
            logging.WARNING,
        )


def _naming_files(process: Callable, metric_type: type) -> Callable:
    """Note the file of each result, refuse results that are no numbers.

    Of those that are, only the numbers stay.
    """

    def mended(
        self: Any, data_samples: Sequence, data_batch: Any, metrics: Sequence
    ) -> None:
        ours = [m for m in metrics if isinstance(m, metric_type)]
        before = [metric.results for metric in ours]
        for metric in ours:
            metric.results = []
        process(self, data_samples, data_batch, metrics)
        for metric, kept in zip(ours, before):
            for result, sample in zip(metric.results, data_samples):
                file = sample.get('gt_path') or sample.get('img_path')
                _check(metric.metric, result, file)
                if file:
                    result[FILE] = file
            metric.results = _joined(kept, metric.results)

    return mended


def _joined(kept: Sequence[dict], added: list[dict]) -> Sequence[dict]:
    """All results, as numbers if they are."""
    try:
        kept = kept if isinstance(kept, ImageRows) else ImageRows(kept)
        kept.extend(added)
    except (TypeError, AttributeError):  # a metric may keep anything
        return [*kept, *added]
    return kept


def _check(metric: str, result: dict, file: str | None) -> None:
    """Refuse NaN, and infinity where it does not mean equal images."""
    for name, value in result.items():
        if isinstance(value, torch.Tensor):
            value = value.detach().cpu()
        array = np.asarray(value)
        if array.dtype.kind != 'f' or np.isfinite(array).all():
            continue
        if name in UNBOUNDED and array == np.inf:
            continue
        raise ValueError(
            f'Expected {metric} of every image to be a finite number, but '
            f'{name} of {printable(file or "an image")} is not. Look at this '
            'image and at its landmarks; if they are good, the weights give '
            'NaN or infinity.'
        )
