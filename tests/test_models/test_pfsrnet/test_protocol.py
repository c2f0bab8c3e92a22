# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""PFSRNet's protocol: golden values, pooling by hand, order of images."""

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.dataset import sampler as samplers
from mmengine.dist import dist

from mmfacesr.models import METHODS

ROOT = Path(__file__).resolve().parents[3]
PFSRNET = METHODS['pfsrnet'].protocol
BELOW = -0.6  # the released code takes another dynamic range below -0.5


@pytest.fixture(scope='module')
def metric() -> type:
    pytest.importorskip('mmagic')
    from mmfacesr.evaluation.metrics import PaperProtocol

    return PaperProtocol


@pytest.fixture(scope='module')
def known(golden: Path) -> dict:
    return dict(np.load(golden / 'pfsrnet/metrics.npz', allow_pickle=False))


def as_sample(pred: np.ndarray, target: np.ndarray, key: str) -> dict:
    """(3, H, W) RGB in [0, 1] as a model hands it over, BGR."""
    pred, target = (
        torch.from_numpy(255 * image).flip(0) for image in (pred, target)
    )
    clamped = pred.clamp(0, 255)
    return dict(gt_img=target, output={'pred_img': clamped, key: pred})


@pytest.fixture(scope='module')
def golden_pairs(fill: ModuleType) -> list[tuple[np.ndarray, np.ndarray]]:
    target = fill.image_batch((2, 3, 128, 128), seed=11).astype(np.float64)
    noise = np.random.RandomState(12).standard_normal(target.shape)
    return list(zip(target + 0.06 * noise, target))


def evaluated(metric: object, *batches: list[dict]) -> dict:
    """Values of the samples of several test batches."""
    metric.size = sum(map(len, batches))
    for batch in batches:
        metric.process([], batch)
    return metric.evaluate()


def test_golden_values(known: dict, golden_pairs: list, metric: type) -> None:
    samples = [as_sample(*pair, 'pred_unclamped') for pair in golden_pairs]
    assert evaluated(metric('pfsrnet'), samples) == {
        'pfsrnet/PSNR': pytest.approx(float(known['psnr']), rel=1e-6),
        'pfsrnet/SSIM': pytest.approx(float(known['ssim']), rel=1e-6),
        'pfsrnet/MS-SSIM': pytest.approx(float(known['msssim']), rel=1e-6),
    }


def test_dynamic_range_is_not_guessed(
    known: dict, golden_pairs: list, metric: type
) -> None:
    pairs = [(pred.copy(), target) for pred, target in golden_pairs]
    pairs[0][0][0, 0, 0] = BELOW
    samples = [as_sample(*pair, 'pred_unclamped') for pair in pairs]
    found = evaluated(metric('pfsrnet'), samples)['pfsrnet/SSIM']
    assert found == pytest.approx(float(known['ssim']), abs=1e-3)
    assert known['ssim_with_one_pixel_below_minus_half'] > 2 * found


def test_only_this_protocol_measures_before_clamping(
    golden_pairs: list, metric: type
) -> None:
    pair = golden_pairs[0][0] - 0.6, golden_pairs[0][1]
    unclamped = as_sample(*pair, 'pred_unclamped')
    clamped = as_sample(*pair, 'another_key')
    found = {
        (name, kind): evaluated(metric(name), [sample])[f'{name}/PSNR']
        for name in METHODS
        for kind, sample in (('with', unclamped), ('without', clamped))
    }
    assert found['pfsrnet', 'with'] < found['pfsrnet', 'without'] - 0.1
    for name in ('dic', 'sparnet'):
        assert found[name, 'with'] == found[name, 'without']


def kept(mse: float, ssim: float = 0.5, term: float = 0.25) -> dict:
    """What is kept of one image."""
    terms = np.full(5, term)
    return dict(MSE=mse, SSIM=ssim, ssim_levels=terms, contrast_levels=terms)


def test_pooled_by_hand() -> None:
    """A full batch of mean error 0.02, then a batch of one image."""
    values = [kept(0.01)] * 8 + [kept(0.03)] * 8 + [kept(0.001, 0.9, 1)]
    found = PFSRNET.summarize(values)
    # The levels' exponents, the last one four times, add up to 1.4.
    assert found == pytest.approx(
        {
            'PSNR': (10 * np.log10(1 / 0.02) + 30) / 2,
            'SSIM': (0.5 + 0.9) / 2,
            'MS-SSIM': (0.25**1.4 + 1) / 2,
        }
    )
    singles = np.mean([-10 * np.log10(value['MSE']) for value in values])
    assert abs(found['PSNR'] - singles) > 1
    assert PFSRNET.summarize([kept(0.0)])['PSNR'] is None
    last_is_equal = [*values[:16], kept(0.0)]
    assert PFSRNET.summarize(last_is_equal)['PSNR'] == pytest.approx(
        10 * np.log10(1 / 0.02)
    )


def test_levels_are_pooled_before_their_product() -> None:
    found = PFSRNET.summarize([kept(0.01, term=0.2), kept(0.01, term=0.4)])
    assert found['MS-SSIM'] == pytest.approx(0.3**1.4)


def test_error_of_an_image_by_hand() -> None:
    target = np.full((32, 32, 3), 100.0)
    pred = target.copy()
    pred[..., 0] = -155  # outside of [0, 255], and it counts
    assert PFSRNET.measure(pred, target)['MSE'] == pytest.approx(1 / 3)


@pytest.fixture(scope='module')
def twenty() -> list[dict]:
    """Samples of very different errors; 16 and 4 of them make a batch."""
    rng = np.random.default_rng(0)
    targets = rng.uniform(0.3, 0.7, (20, 3, 32, 32))
    noise = rng.normal(size=targets.shape)
    size = 10 ** rng.uniform(-3, -1, (20, 1, 1, 1))
    return [
        as_sample(*pair, 'pred_unclamped')
        for pair in zip(targets + size * noise, targets)
    ]


@pytest.mark.parametrize('batch_size', [1, 3, 16])
def test_batches_of_the_test_do_not_matter(
    twenty: list, metric: type, batch_size: int
) -> None:
    batches = [
        twenty[start : start + batch_size]
        for start in range(0, len(twenty), batch_size)
    ]
    assert evaluated(metric('pfsrnet'), *batches) == evaluated(
        metric('pfsrnet'), twenty
    )
    assert evaluated(metric('pfsrnet'), twenty[::-1]) != evaluated(
        metric('pfsrnet'), twenty
    )


def test_two_processes_agree_with_one(
    twenty: list, metric: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With mmengine's own division and collection of an odd number."""
    images, parts = twenty[:19], []
    for rank in (0, 1):
        monkeypatch.setattr(samplers, 'get_dist_info', lambda r=rank: (r, 2))
        indices = samplers.DefaultSampler(images, shuffle=False)
        worker = metric('pfsrnet')
        worker.process([], [images[index] for index in indices])
        parts.append(worker.results)
    assert [len(part) for part in parts] == [10, 10]
    monkeypatch.setattr(dist, 'get_dist_info', lambda: (0, 2))
    monkeypatch.setattr(dist, 'all_gather_object', lambda _: parts)
    results = dist.collect_results(parts[0], len(images), device='gpu')
    monkeypatch.undo()
    together = metric('pfsrnet').compute_metrics(results)
    alone = evaluated(metric('pfsrnet'), images)
    assert {f'pfsrnet/{k}': v for k, v in together.items()} == alone


def test_fragment() -> None:
    cfg = Config.fromfile(ROOT / 'configs/pfsrnet/_base_/evaluation.py')
    assert [metric.type for metric in cfg.val_evaluator] == [
        'PSNR',
        'SSIM',
        'BorderMAE',
    ]
    assert cfg.test_evaluator == [
        *cfg.val_evaluator,
        dict(type='MSSSIM', crop_border=8),
        dict(type='PaperProtocol', protocol='pfsrnet'),
    ]
    assert cfg.protocol.color == 'RGB' and cfg.protocol.ms_ssim
