# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The spread of single images, of what a report has a value of."""

from types import SimpleNamespace

import numpy as np
from mmengine.config import Config

from mmfacesr.apis.report import KeepMetricsHook, format_report, make_report


def listening(metric: object) -> KeepMetricsHook:
    """A hook that listens to a metric."""
    kept = KeepMetricsHook()
    loop = SimpleNamespace(evaluators=[SimpleNamespace(metrics=[metric])])
    kept.before_test_epoch(SimpleNamespace(test_loop=loop))
    return kept


def test_spread_is_of_single_images() -> None:
    from mmfacesr.evaluation.metrics import PaperProtocol

    metric = PaperProtocol('dic')
    kept = listening(metric)
    values = [dict(PSNR=20.0, SSIM=0.5), dict(PSNR=30.0, SSIM=0.7)]
    assert metric.compute_metrics(values) == {'PSNR': 25.0, 'SSIM': 0.6}
    assert list(kept.spread) == ['dic/PSNR', 'dic/SSIM']
    assert kept.spread['dic/PSNR']['std'] == 5
    assert kept.spread['dic/PSNR']['max'] == 30


def test_values_of_batches_have_no_spread() -> None:
    """Nor has what a metric keeps of an image besides its values."""
    from mmfacesr.evaluation.metrics import PaperProtocol

    metric = PaperProtocol('pfsrnet')
    kept = listening(metric)
    rng = np.random.default_rng(0)
    pairs = rng.uniform(0, 255, (3, 2, 32, 32, 3))
    values = [metric.protocol.measure(*pair) for pair in pairs]
    found = metric.compute_metrics(values)
    assert set(found) == {'PSNR', 'SSIM', 'MS-SSIM'}
    assert list(kept.spread) == ['pfsrnet/SSIM']
    singles = [value['SSIM'] for value in values]
    assert kept.spread['pfsrnet/SSIM']['min'] == min(singles)


def test_a_person_sees_the_spread_of_landmarks_too() -> None:
    spread = dict(min=0.01, max=0.2, std=0.05)
    text = format_report(
        dict(
            method='mean shape of 8 training faces',
            metrics=dict(NME=0.1),
            spread=dict(NME=spread, other=spread),
            identical={},
            protocol=dict(nme='of the eyes'),
            images=3,
        )
    )
    assert text.splitlines() == [
        'mean shape of 8 training faces: NME 0.1000',
        'Single images: NME 0.0100 to 0.2000 (standard deviation 0.0500)',
        '3 images; nme of the eyes',
    ]


def test_no_figure_without_the_way_the_network_was_run() -> None:
    way = dict(way='torch bfloat16', agreement='52.1 dB')
    runner = SimpleNamespace(test_dataloader=[])
    kept = KeepMetricsHook()
    report = make_report(runner, Config(), kept, None, run_by=way)
    assert report['run_by'] == way
    text = format_report(report)
    assert 'torch bfloat16' in text and '52.1 dB' in text
    assert 'run by' not in format_report(dict(report, run_by=None))


def test_lr_files_are_no_degradation_of_the_config() -> None:
    runner = SimpleNamespace(test_dataloader=[])
    cfg = Config(dict(degradation=[dict(type='Resize')], lr_folder=None))
    found = make_report(runner, cfg, KeepMetricsHook(), None)
    assert found['degradation'] == [dict(type='Resize')]
    cfg.lr_folder = 'LR'
    found = make_report(runner, cfg, KeepMetricsHook(), None)
    assert found['degradation'] == 'files of lr_folder'
