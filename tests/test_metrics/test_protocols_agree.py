# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Every protocol against a computation that shares no code with it.

From the definitions by NumPy and SciPy, from files by OpenCV, and by
torchmetrics; to 1e-6 on the golden pairs and on random ones.
"""

from functools import partial
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from independent_protocols import INDEPENDENT, Pair, cut, pooled

from mmfacesr.evaluation.functional import luma as luma_of
from mmfacesr.models.protocols import known_protocols

PROTOCOLS = known_protocols(crop_border=8)


@pytest.fixture(scope='module')
def pairs(golden: Path, fill: ModuleType) -> dict[str, Pair]:
    """Prediction and ground truth, (H, W, 3) RGB, by what they are."""
    dic, elsface, sparnet = (
        np.load(golden / name, allow_pickle=False)
        for name in (
            'dic/metrics.npz',
            'elsface/metrics.npz',
            'sparnet/celeba_eval.npz',
        )
    )
    smooth = 255 * fill.image_batch((2, 3, 128, 128), seed=11)
    noise = np.random.RandomState(12).standard_normal(smooth.shape)
    drawn = random_pairs(2, 96)
    return {
        'dic, not rounded': (dic['metric_sr_float'], dic['metric_gt']),
        'dic': (dic['metric_sr'], dic['metric_gt']),
        'elsface': (elsface['image_a'], elsface['image_b']),
        'sparnet a': (sparnet['metric_img_a'], sparnet['hr']),
        'sparnet b': (sparnet['metric_img_b'], sparnet['hr']),
        'sparnet, enlarged': (sparnet['lr_up'], sparnet['hr']),
        'pfsrnet': (
            (smooth + 15 * noise)[1].transpose(1, 2, 0).clip(0, 255),
            np.rint(smooth[1].transpose(1, 2, 0)),
        ),
        'random': drawn[0],
        'nearly equal': (drawn[1][1] + 0.4 * (drawn[1][1] < 9), drawn[1][1]),
    }


def random_pairs(count: int, side: int) -> list[Pair]:
    """Pairs of very different errors: float predictions, 8-bit truth."""
    rng = np.random.default_rng(0)
    found = []
    for error in np.geomspace(60, 2, count):
        ramp = np.linspace(0, 180, side)[:, None, None]
        truth = np.rint(ramp + rng.uniform(0, 75, (side, side, 3)))
        noisy = truth + error * rng.normal(size=truth.shape)
        found.append((noisy.clip(0, 255), truth))
    return found


def test_every_protocol_is_proven() -> None:
    """Here, or in the tests of its method."""
    tests = Path(__file__).resolve().parents[1] / 'test_models'
    for name in PROTOCOLS:
        own = tests / f'test_{name}/test_protocol.py'
        assert name in INDEPENDENT or own.is_file(), name


@pytest.mark.parametrize('name', INDEPENDENT)
def test_agrees_on_every_pair(
    name: str, pairs: dict[str, Pair], tmp_path: Path
) -> None:
    protocol = PROTOCOLS[name]
    for what, pair in pairs.items():
        found = protocol.summarize([protocol.measure(*pair)])
        wanted = INDEPENDENT[name](pair, tmp_path)
        assert found == pytest.approx(wanted, abs=1e-6), what


def test_luma_is_exact_at_halves_and_whole_numbers() -> None:
    """Of a fifth of all 8-bit colors, by whole numbers."""
    green, blue = np.mgrid[:256, :256]
    for red in range(0, 256, 5):
        color = np.stack([np.full_like(green, red), green, blue], -1)
        total = 65481 * red + 128553 * green + 24966 * blue
        exact = luma_of(color)
        np.testing.assert_array_equal(np.trunc(exact), total // 255000 + 16)
        half = total % 255000 == 127500
        assert (exact[half] % 1 == 0.5).all()


def test_pooling_by_sixteen() -> None:
    """35 images: two whole batches, and one of three that counts as much."""
    drawn = random_pairs(35, 32)
    protocol = PROTOCOLS['pfsrnet']
    kept = [protocol.measure(*pair) for pair in drawn]
    assert protocol.summarize(kept) == pytest.approx(pooled(drawn), abs=1e-6)
    assert protocol.summarize(kept[::-1]) != pytest.approx(pooled(drawn))


def test_torchmetrics(pairs: dict[str, Pair]) -> None:
    """PSNR, SSIM and MAE in RGB.

    Its SSIM also averages windows that reach over the border, where it
    mirrors the image; those are left out. Its decibels are of float32.
    """
    their = pytest.importorskip('torchmetrics.functional')
    image = pytest.importorskip('torchmetrics.functional.image')
    for pair in pairs.values():
        x, y = map(as_batch, cut(pair))
        _, full = image.structural_similarity_index_measure(
            x, y, sigma=1.5, data_range=255.0, return_full_image=True
        )
        found = PROTOCOLS['rgb'].measure(*pair)
        assert found['SSIM'] == pytest.approx(
            float(full[..., 5:-5, 5:-5].mean()), abs=1e-6
        )
        assert found['MAE'] == pytest.approx(
            float(their.mean_absolute_error(x.contiguous(), y.contiguous()))
        )
        assert found['PSNR'] == pytest.approx(
            float(image.peak_signal_noise_ratio(x, y, data_range=255.0)),
            rel=1e-7,
        )


def test_torchmetrics_levels() -> None:
    """SSIM and contrast at the five scales of an image of 192 pixels."""
    image = pytest.importorskip('torchmetrics.functional.image')
    (pair,) = random_pairs(1, 192)
    kept = PROTOCOLS['pfsrnet'].measure(*pair)
    x, y = map(as_batch, pair)
    for ssim, contrast in zip(kept['ssim_levels'], kept['contrast_levels']):
        measure = partial(
            image.structural_similarity_index_measure,
            x,
            y,
            sigma=1.5,
            data_range=255.0,
        )
        _, full = measure(return_full_image=True)
        _, theirs = measure(return_contrast_sensitivity=True)
        inner = full[..., 5:-5, 5:-5].mean()
        assert ssim == pytest.approx(float(inner), abs=1e-6)
        assert contrast == pytest.approx(float(theirs), abs=1e-6)
        x, y = (torch.nn.functional.avg_pool2d(one, 2) for one in (x, y))


def as_batch(image: np.ndarray) -> torch.Tensor:
    """(H, W, 3) to (1, 3, H, W) float64."""
    return torch.from_numpy(image.astype(float)).permute(2, 0, 1)[None]


def test_rules_between_protocols(pairs: dict[str, Pair]) -> None:
    """What holds for any pair, because the protocols share a step."""
    border_0 = known_protocols(crop_border=0)['rgb']
    for pair in pairs.values():
        found = {
            name: protocol.summarize([protocol.measure(*pair)])
            for name, protocol in PROTOCOLS.items()
        }
        assert found['dic']['PSNR'] == found['survey']['PSNR']
        assert found['wfen'] == found['sparnet']
        floor = 20 * np.log10(255)  # an MSE of 1
        assert found['fsrnet']['PSNR'] == pytest.approx(
            min(found['sparnet']['PSNR'] or np.inf, floor)
        )
        whole = border_0.measure(*pair)
        for name in ('PSNR', 'SSIM'):
            assert found['pfsrnet'][name] == pytest.approx(whole[name])


def test_pooling_never_raises_psnr_within_a_batch() -> None:
    drawn = random_pairs(16, 32)
    protocol = PROTOCOLS['pfsrnet']
    kept = [protocol.measure(*pair) for pair in drawn]
    alone = [protocol.summarize([one])['PSNR'] for one in kept]
    assert protocol.summarize(kept)['PSNR'] < np.mean(alone) - 1
