# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""MS-SSIM against golden values, scikit-image, MMagic and hand-made cases."""

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from skimage.metrics import structural_similarity
from skimage.transform import downscale_local_mean

from mmfacesr.evaluation.functional import (
    ms_ssim,
    ms_ssim_levels,
    ms_ssim_product,
)

SLIP = 4


@pytest.fixture(scope='module')
def known(golden: Path) -> dict:
    return dict(np.load(golden / 'pfsrnet/metrics.npz', allow_pickle=False))


@pytest.fixture(scope='module')
def batch(fill: ModuleType) -> list[tuple[np.ndarray, np.ndarray]]:
    """Prediction and target, (128, 128, 3), of the golden values."""
    target = fill.image_batch((2, 3, 128, 128), seed=11).astype(np.float64)
    noise = np.random.RandomState(12).standard_normal(target.shape)
    images = (
        (255 * image).transpose(0, 2, 3, 1)
        for image in (target + 0.06 * noise, target)
    )
    return list(zip(*images))


def noisy_pair(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    smooth = np.linspace(0, 200, height)[:, None, None]
    target = smooth + rng.uniform(0, 55, (height, width, 3))
    return np.clip(target + 20 * rng.normal(size=target.shape), 0, 255), target


def test_golden_levels(known: dict, batch: list) -> None:
    levels = np.mean([ms_ssim_levels(*pair, 0) for pair in batch], axis=0)
    ssim, contrast = levels
    np.testing.assert_allclose(ssim, known['ssim_levels'], rtol=1e-8)
    np.testing.assert_allclose(contrast, known['cs_levels'], rtol=1e-8)
    assert ms_ssim_product(ssim, contrast) == pytest.approx(
        float(known['msssim_textbook']), rel=1e-8
    )
    assert ms_ssim_product(ssim, contrast, SLIP) == pytest.approx(
        float(known['msssim']), rel=1e-8
    )


def test_levels_are_those_of_scikit_image() -> None:
    """Of an image with odd sides, whose last row and column are dropped."""
    pred, target = noisy_pair(185, 194)
    ssim, _ = ms_ssim_levels(pred, target, 4)
    pred, target = pred[4:-4, 4:-4], target[4:-4, 4:-4]
    for value in ssim:
        assert value == pytest.approx(
            structural_similarity(
                pred,
                target,
                data_range=255,
                gaussian_weights=True,
                use_sample_covariance=False,
                channel_axis=2,
            )
        )
        pred, target = (
            downscale_local_mean(
                image[: len(image) // 2 * 2, : image.shape[1] // 2 * 2],
                (2, 2, 1),
            )
            for image in (pred, target)
        )


def test_equals_mmagic_where_no_window_shrinks() -> None:
    """MMagic narrows sigma with the window, and counts in float32."""
    import mmfacesr.compat.mmagic_base  # noqa: F401  imports MMagic quietly

    mmagic = pytest.importorskip('mmagic.evaluation.metrics.ms_ssim').ms_ssim
    large, small = noisy_pair(256, 192), noisy_pair(128, 128)
    theirs = [
        mmagic(*(image[None] for image in pair)) for pair in (large, small)
    ]
    assert ms_ssim(*large, 0) == pytest.approx(theirs[0], abs=1e-5)
    assert ms_ssim(*small, 0) != pytest.approx(theirs[1], abs=1e-5)


def test_by_hand() -> None:
    """A lighter image has the same structure, and another mean."""
    target = np.full((32, 48, 3), 100.0)
    luminance = (2 * 100 * 120 + 2.55**2) / (100**2 + 120**2 + 2.55**2)
    ssim, contrast = ms_ssim_levels(target + 20, target, 0)
    np.testing.assert_allclose(ssim, luminance)
    np.testing.assert_allclose(contrast, 1)
    assert ms_ssim(target + 20, target, 0) == pytest.approx(luminance**0.1333)
    assert ms_ssim(target, target, 0) == 1
    terms = np.array([0.9, 0.8, 0.7, 0.6, 0.5])
    product = 0.9**0.0448 * 0.8**0.2856 * 0.7**0.3001 * 0.6**0.2363
    assert ms_ssim_product(np.full(5, 0.4), terms) == pytest.approx(
        product * 0.4**0.1333
    )
    assert ms_ssim_product(np.full(5, 0.4), terms, SLIP) == pytest.approx(
        product * 0.4**0.5332
    )


def test_a_negative_term_counts_as_zero() -> None:
    negative = 255 * np.random.default_rng(0).integers(0, 2, (64, 64, 3))
    assert ms_ssim_levels(255 - negative, negative, 0)[1].min() < 0
    assert ms_ssim(255 - negative, negative, 0) == 0


def test_border_is_cut_off() -> None:
    """At 112 pixels every window is odd, so that a flip changes nothing."""
    pred, target = noisy_pair(128, 128)
    value = ms_ssim(pred, target, 8)
    assert value == pytest.approx(
        ms_ssim(pred[8:-8, 8:-8], target[8:-8, 8:-8], 0), abs=1e-12
    )
    assert ms_ssim(pred[::-1], target[::-1], 8) == pytest.approx(value)
    changed = pred.copy()
    changed[:8] = 0
    assert ms_ssim(changed, target, 8) == value


def test_refusals() -> None:
    small = np.zeros((64, 47, 3))
    with pytest.raises(ValueError, match=r'32x32.*5 levels.*\(48, 31, 3\)'):
        ms_ssim(small, small, 8)
    with pytest.raises(ValueError, match=r'\(H, W, C\)'):
        ms_ssim(small[..., 0], small[..., 0], 0)


def test_metric_takes_bgr_samples(batch: list) -> None:
    from mmfacesr.evaluation.metrics import MSSSIM

    metric = MSSSIM(crop_border=8)
    metric.size = len(batch)
    for pred, target in batch:
        images = (
            torch.from_numpy(image[..., ::-1].copy()).permute(2, 0, 1)
            for image in (target, pred)
        )
        gt_img, pred_img = images
        metric.process(
            [], [dict(gt_img=gt_img, output=dict(pred_img=pred_img))]
        )
    expected = np.mean([ms_ssim(*pair, 8) for pair in batch])
    assert metric.evaluate() == {'MS-SSIM': pytest.approx(expected, abs=1e-6)}
