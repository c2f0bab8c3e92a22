# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Metrics of mmengine's kind in MMagic's evaluator.

MMagic 1.2.0 asks every metric for ``prepare``, for a sampler, and for its
values without the number of images. A plain subclass of mmengine's
``BaseMetric`` has none of these and stops the run at its first validation.
"""

from collections.abc import Callable
from typing import Any

from mmengine.evaluator import BaseMetric
from torch import nn
from torch.utils.data import DataLoader

from mmfacesr.compat.seam import wrap_once


def mend_evaluator(evaluator: type) -> None:
    """Let an evaluator take any metric.

    Args:
        evaluator (type): MMagic's ``Evaluator``.
    """
    wrap_once(evaluator, '__init__', _with_plain_metrics)


class _OnceAnImage:
    """What MMagic asks of a metric that sees each test image once."""

    SAMPLER_MODE = 'normal'
    sample_model = 'orig'

    def prepare(self, module: nn.Module, dataloader: DataLoader) -> None:
        """Note how many images there are."""
        self._num_images = len(dataloader.dataset)

    def get_metric_sampler(
        self, model: nn.Module, dataloader: DataLoader, metrics: list
    ) -> DataLoader:
        """Take the test images as they come."""
        return dataloader

    def evaluate(self) -> dict:
        """Hand the number of images on, which MMagic leaves out."""
        return super().evaluate(self._num_images)


def _with_plain_metrics(init: Callable) -> Callable:

    def __init__(self: Any, metrics: Any) -> None:
        init(self, metrics)
        for metric in self.metrics or []:
            if not hasattr(metric, 'prepare'):
                _complete(metric)

    return __init__


def _complete(metric: BaseMetric) -> None:
    """Give a metric what is missing, before all that it has."""
    plain = type(metric)
    metric.__class__ = type(plain.__name__, (_OnceAnImage, plain), {})
