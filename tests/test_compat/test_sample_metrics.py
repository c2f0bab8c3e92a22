# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Images equal to their ground truth, NaN, and JSON that others read."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.fileio import dump, load
from mmengine.fileio.handlers import JsonHandler

from mmfacesr.apis.report import KeepMetricsHook, format_report, save_report
from mmfacesr.compat.mends import mend
from mmfacesr.compat.mmagic_base import PSNR, SSIM, Evaluator

GONE = 'this mend is no longer needed'
FLAT, FACE, OTHER = '/faces/flat.png', '/faces/face.png', '/faces/other.png'


@pytest.fixture
def sample() -> Callable[..., dict]:
    """What a metric gets of an image: flat truth, and how far it is missed."""

    def make(file: str, error: float) -> dict:
        target = torch.full((3, 64, 64), 100.0)
        pred = target + error
        return dict(gt_path=file, gt_img=target, output=dict(pred_img=pred))

    return make


def metrics() -> list:
    from mmfacesr.evaluation.metrics import MSSSIM, BorderMAE, PaperProtocol

    return [
        PSNR(crop_border=8),
        SSIM(crop_border=8),
        BorderMAE(crop_border=8),
        MSSSIM(crop_border=8),
        *map(PaperProtocol, ('dic', 'sparnet', 'elsface', 'pfsrnet')),
    ]


def measured(samples: list[dict]) -> tuple[dict, KeepMetricsHook]:
    """Values of all metrics as a test takes them, and what it keeps."""
    evaluator = Evaluator(metrics())
    kept = KeepMetricsHook()
    loop = SimpleNamespace(evaluators=[evaluator])
    kept.before_test_epoch(SimpleNamespace(test_loop=loop))
    for metric in evaluator.metrics:
        metric.size = len(samples)
    for one in samples:  # batches of one
        evaluator.process([one], None, evaluator.metrics)
    return evaluator.evaluate(), kept


def test_fault_of_mmagic() -> None:
    average = PSNR.compute_metrics.__wrapped__
    for bad in (math.inf, math.nan):
        found = average(PSNR(), [dict(PSNR=30.0), dict(PSNR=bad)])
        assert not math.isfinite(found['PSNR']), GONE


def test_fault_of_mmengine() -> None:
    mend()
    text = JsonHandler.dump_to_str.__wrapped__(JsonHandler(), [math.nan])
    assert 'NaN' in text, GONE


def test_means_are_of_the_other_images(sample: Callable) -> None:
    found, kept = measured(
        [sample(FLAT, 0), sample(FACE, 10), sample(OTHER, 20)]
    )
    decibel = [20 * math.log10(255 / error) for error in (10, 20)]
    assert found['PSNR'] == pytest.approx(np.mean(decibel), abs=1e-4)
    assert kept.spread['PSNR']['max'] == pytest.approx(decibel[0], abs=1e-4)
    assert kept.spread['PSNR']['std'] == pytest.approx(np.std(decibel))
    assert found['SSIM'] < 1 and found['MAE'] == pytest.approx(10)
    # one batch of 16 in that protocol, the identical image in its mean
    assert math.isfinite(found['pfsrnet/PSNR'])
    # the prediction went through a JPEG, which keeps a flat image
    for name in ('PSNR', 'dic/PSNR', 'sparnet/PSNR', 'elsface/PSNR'):
        assert kept.identical[name] == [FLAT]
    assert set(kept.identical) == {
        'PSNR',
        'dic/PSNR',
        'sparnet/PSNR',
        'elsface/PSNR',
    }


def test_without_any_other_image(
    sample: Callable, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    found, kept = measured([sample(FLAT, 0)])
    without = {name for name, value in found.items() if value is None}
    assert without == {
        name for name in found if name.rpartition('/')[2] == 'PSNR'
    }
    assert not without & set(kept.spread)
    assert f'1 of 1 images equal their ground truth, among them {FLAT}' in (
        capsys.readouterr().out
    )
    report = dict(
        method='model',
        metrics=found,
        spread=kept.spread,
        identical=kept.identical,
        protocol={},
        images=1,
    )
    assert 'PSNR without a value' in format_report(report)
    assert f'left out of PSNR: 1 images ({FLAT})' in format_report(report)
    save_report(report, str(tmp_path / 'report.json'))
    strict = json.loads(
        (tmp_path / 'report.json').read_text(), parse_constant=pytest.fail
    )
    assert strict['metrics']['PSNR'] is None


@pytest.mark.parametrize('error', [math.nan, math.inf])
def test_what_is_no_number_is_named(sample: Callable, error: float) -> None:
    with pytest.raises(ValueError, match=f'PSNR of {FACE} is not'):
        metric = PSNR()
        samples = [sample(FLAT, 10), sample(FACE, error)]
        Evaluator([metric]).process(samples, None, [metric])


def test_landmarks_without_a_size_are_named() -> None:
    from mmfacesr.evaluation.metrics import LandmarkNME

    points = torch.full((68, 2), 5.0)
    face = dict(
        gt_path=FACE,
        gt_landmark=points.numpy(),
        output=dict(pred_landmark=points + 1),
    )
    metric = LandmarkNME()
    with (
        np.errstate(divide='ignore'),
        pytest.raises(ValueError, match=f'NME of {FACE} is not'),
    ):
        Evaluator([metric]).process([face], None, [metric])


def test_logs_are_valid_json(tmp_path: Path) -> None:
    mend()
    log = dict(
        grad_norm=math.inf,
        loss=np.float32('nan'),
        several=[1.5, -math.inf],
        array=np.array([math.nan, 2.0]),
        text='nan',
        count=3,
    )
    with (tmp_path / 'log.json').open('w') as stream:
        dump(log, stream, file_format='json')  # as the visualizer writes it
    dump(log, str(tmp_path / 'metrics.json'))
    for name in ('log.json', 'metrics.json'):
        text = (tmp_path / name).read_text()
        assert json.loads(text, parse_constant=pytest.fail) == dict(
            grad_norm=None,
            loss=None,
            several=[1.5, None],
            array=[None, 2.0],
            text='nan',
            count=3,
        )
    assert load(tmp_path / 'log.json')['count'] == 3
