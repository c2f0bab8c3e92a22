# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Metrics of mmengine's kind beside those of MMagic's.

How it fails unmended is shown in test_mmagic_imports.py.
"""

import torch
from mmengine.evaluator import BaseMetric
from mmengine.registry import init_default_scope
from torch import nn
from torch.utils.data import DataLoader

from mmfacesr.compat import mmagic_base  # noqa: F401 (mends the evaluator)
from mmfacesr.registry import METRICS


class MeanPixel(BaseMetric):
    """The mean of the predictions; nothing that only MMagic knows."""

    default_prefix = 'mine'

    def __init__(self, scale: float = 1.0) -> None:
        super().__init__()
        self.scale = scale

    def process(self, data_batch: object, data_samples: list[dict]) -> None:
        for sample in data_samples:
            self.results.append(sample['output']['pred_img'].mean().item())

    def compute_metrics(self, results: list) -> dict:
        return dict(mean=self.scale * sum(results) / len(results))


class FixedSize(MeanPixel):
    """Has its own way to evaluate, as mmengine declares it."""

    default_prefix = 'fixed'

    def evaluate(self, size: int) -> dict:
        return dict(super().evaluate(size), size=size)


def evaluate(metrics: list) -> dict:
    """Evaluate three images in two batches as MMagic's test loop does."""
    from mmagic.registry import EVALUATORS

    init_default_scope('mmagic')
    evaluator = EVALUATORS.build(dict(type='Evaluator', metrics=metrics))
    loader = DataLoader(range(3), batch_size=2)
    module = nn.Module()
    module.data_preprocessor = nn.Identity()
    evaluator.prepare_metrics(module, loader)
    for group, sampler in evaluator.prepare_samplers(module, loader):
        for batch in sampler:
            images = [torch.full((3, 4, 4), float(i)) for i in batch]
            samples = [
                dict(output=dict(pred_img=image), gt_img=image + 1)
                for image in images
            ]
            evaluator.process(samples, batch, group)
    return evaluator.evaluate()


def test_plain_metrics_are_measured_beside_the_others() -> None:
    METRICS.register_module(module=MeanPixel, force=True)
    for plain in (
        dict(type='MeanPixel', scale=2.0),
        MeanPixel(2.0),
    ):
        for metrics in ([plain, dict(type='MAE')], [dict(type='MAE'), plain]):
            found = evaluate(metrics)
            assert found.pop('MAE') > 0
            assert found == {'mine/mean': 2.0}


def test_a_metric_may_override_what_is_handed_on() -> None:
    found = evaluate([FixedSize()])
    assert found == {'fixed/mean': 1.0, 'size': 3}


def test_the_class_itself_is_left_alone() -> None:
    metric = MeanPixel()
    evaluate([metric])
    assert isinstance(metric, MeanPixel) and type(metric) is not MeanPixel
    assert not hasattr(MeanPixel, 'prepare')
    assert type(metric).__name__ == 'MeanPixel'
