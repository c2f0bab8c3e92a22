# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Metrics against scikit-image, golden values and hand-made cases."""

from pathlib import Path

import numpy as np
import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from mmfacesr.evaluation.functional import luma, mae, psnr, ssim
from mmfacesr.models import METHODS


@pytest.fixture(scope='module')
def pair(golden: Path) -> dict:
    return dict(np.load(golden / 'dic/metrics.npz', allow_pickle=False))


def test_golden_dic_protocol(pair: dict) -> None:
    images = pair['metric_sr_float'], pair['metric_gt']
    got = METHODS['dic'].protocol.measure(*images)
    assert got['PSNR'] == pytest.approx(float(pair['psnr_y']), abs=1e-3)
    assert got['SSIM'] == pytest.approx(float(pair['ssim_y']), abs=1e-5)


def test_golden_rgb(pair: dict) -> None:
    images = pair['metric_sr_float'], pair['metric_gt']
    assert psnr(*images, 8) == pytest.approx(
        float(pair['mmagic_psnr_rgb']), abs=1e-3
    )
    assert ssim(*images, 8) == pytest.approx(
        float(pair['mmagic_ssim_rgb']), abs=1e-5
    )
    assert mae(*images, 0) / 255 == pytest.approx(
        float(pair['mmagic_mae']), abs=1e-5
    )


def test_scikit_image(pair: dict) -> None:
    sr, hr = (pair[k][8:-8, 8:-8] for k in ('metric_sr', 'metric_gt'))
    expected = peak_signal_noise_ratio(hr, sr, data_range=255)
    assert psnr(pair['metric_sr'], pair['metric_gt'], 8) == pytest.approx(
        expected
    )
    expected = structural_similarity(
        hr,
        sr,
        data_range=255,
        gaussian_weights=True,
        use_sample_covariance=False,
        channel_axis=2,
    )
    assert ssim(pair['metric_sr'], pair['metric_gt'], 8) == pytest.approx(
        expected
    )


def test_by_hand() -> None:
    target = np.zeros((8, 8, 3))
    pred = target.copy()
    pred[:2] = 200  # in the border that is cut off
    pred[2:6, 2:6] = 10
    assert psnr(pred, target, 2) == pytest.approx(20 * np.log10(25.5))
    assert mae(pred, target, 2) == 10
    assert mae(pred, target, 0) > 10
    assert psnr(target, target, 0) == float('inf')
    np.testing.assert_allclose(
        luma(np.array([[[255, 255, 255], [0, 0, 0]]])), [[235, 16]]
    )


def test_refusals() -> None:
    image = np.zeros((8, 8, 3))
    with pytest.raises(ValueError, match='equal shape'):
        psnr(image, image[:4], 0)
    with pytest.raises(ValueError, match='leaves some'):
        psnr(image, image, 4)


def sample(pair: dict) -> dict:
    """As the model hands it over: (3, H, W) BGR in [0, 255]."""

    def bgr(image: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(image).flip(2).permute(2, 0, 1)

    return dict(
        gt_img=bgr(pair['metric_gt']),
        output=dict(pred_img=bgr(pair['metric_sr_float'])),
    )


def test_metric_classes_take_bgr_samples(pair: dict) -> None:
    from mmfacesr.compat.mmagic_base import PSNR, SSIM
    from mmfacesr.evaluation.metrics import BorderMAE, PaperProtocol

    images = pair['metric_sr_float'], pair['metric_gt']
    expected = {
        'PSNR': psnr(*images, 8),
        'SSIM': ssim(*images, 8),
        'MAE': mae(*images, 8),
        'dic/PSNR': float(pair['psnr_y']),
        'dic/SSIM': float(pair['ssim_y']),
    }
    found = {}
    for metric in (
        PSNR(crop_border=8),
        SSIM(crop_border=8),
        BorderMAE(crop_border=8),
        PaperProtocol('dic'),
    ):
        metric.size = 2
        metric.process([], [sample(pair), sample(pair)])
        found.update(metric.evaluate())
    assert found == pytest.approx(expected, abs=1e-3)


def test_unknown_protocol_is_named() -> None:
    from mmfacesr.evaluation.metrics import PaperProtocol

    with pytest.raises(ValueError, match='dic.*ours'):
        PaperProtocol('ours')
