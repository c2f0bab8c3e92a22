# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""ELSFace's protocol: golden values, files of OpenCV, scikit-image."""

import json
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from PIL import Image, JpegImagePlugin
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from mmfacesr.evaluation.functional import mae, psnr, ssim
from mmfacesr.models import METHODS
from mmfacesr.models.elsface.protocol import (
    elsface_pair,
    jpeg_round_trip,
    round_to_8_bit,
    uniform_ssim,
)

ROOT = Path(__file__).resolve().parents[3]
ELSFACE = METHODS['elsface'].protocol
HALF_SIZE_CHROMA = 2  # Pillow's word for 4:2:0


@pytest.fixture(scope='module')
def metric() -> type:
    pytest.importorskip('mmagic')
    from mmfacesr.evaluation.metrics import PaperProtocol

    return PaperProtocol


@pytest.fixture(scope='module')
def pairs(fill: ModuleType) -> list[tuple[np.ndarray, np.ndarray]]:
    """Restored floats that leave [0, 255], and 8-bit ground truth, RGB."""
    shape = (3, 3, 72, 64)
    target = np.rint(255 * fill.image_batch(shape, seed=7))
    noise = np.random.RandomState(8).standard_normal(shape)
    pred = (3 * target - 250 + 6 * noise).astype(np.float32)
    assert pred.min() < -5 and pred.max() > 260
    return [
        (x.transpose(1, 2, 0), y.transpose(1, 2, 0))
        for x, y in zip(pred, target)
    ]


def through_file(image: np.ndarray, path: Path) -> np.ndarray:
    """What OpenCV writes of a float image, and reads; BGR as it is there."""
    cv2.imwrite(str(path), np.ascontiguousarray(image[..., ::-1]))
    return cv2.imread(str(path))


def as_sample(pred: np.ndarray, target: np.ndarray) -> dict:
    """As the model hands it over: (3, H, W) BGR in [0, 255]."""

    def bgr(image: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(image.astype(np.float32)).permute(2, 0, 1)

    # The preprocessor's arithmetic leaves whole numbers only nearly whole.
    return dict(
        gt_img=bgr(target).flip(0) - 1e-3,
        output=dict(pred_img=bgr(pred).flip(0).clamp(0, 255)),
    )


def evaluated(metric: object, *batches: list[dict]) -> dict:
    """Values of the samples of several test batches."""
    metric.size = sum(map(len, batches))
    for batch in batches:
        metric.process([], batch)
    return metric.evaluate()


def test_golden_values(golden: Path) -> None:
    images = np.load(golden / 'elsface/metrics.npz', allow_pickle=False)
    known = json.loads((golden / 'elsface/metrics.json').read_text())
    pair = images['image_a'], images['image_b']
    found = dict(
        psnr=psnr(*pair, 0),
        ssim_win51_uniform=uniform_ssim(*pair),
        mae_255=mae(*pair, 0),
        ssim_gaussian11_sigma1p5=ssim(*pair, 0),
    )
    for name, value in found.items():
        assert value == pytest.approx(known[name], abs=1e-6), name


def test_window_by_its_definition() -> None:
    """Every window on its own, with N - 1 and the two constants."""
    rng = np.random.RandomState(0)
    pred = rng.randint(0, 256, (56, 53, 3)).astype(np.float64)
    target = np.clip(pred + rng.normal(0, 40, pred.shape), 0, 255)
    steady, contrast = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    values = []
    for top in range(6):
        for left in range(3):
            for channel in range(3):
                window = np.s_[top : top + 51, left : left + 51, channel]
                x, y = pred[window], target[window]
                covariance = np.cov(x.ravel(), y.ravel(), ddof=1)
                means = x.mean(), y.mean()
                values.append(
                    (2 * means[0] * means[1] + steady)
                    / (means[0] ** 2 + means[1] ** 2 + steady)
                    * (2 * covariance[0, 1] + contrast)
                    / (covariance[0, 0] + covariance[1, 1] + contrast)
                )
    assert np.std(values) > 1e-4
    assert uniform_ssim(pred, target) == pytest.approx(np.mean(values))


def test_round_trip_is_that_of_a_file(pairs: list, tmp_path: Path) -> None:
    """OpenCV rounds, saturates and compresses the float image itself."""
    for pred, _ in pairs:
        file = through_file(pred, tmp_path / 'face.jpg')
        ours = jpeg_round_trip(pred)
        assert ours.dtype == np.uint8
        np.testing.assert_array_equal(ours[..., ::-1], file)
        assert np.abs(ours - np.clip(pred, 0, 255)).max() > 2, 'it loses'
    with Image.open(tmp_path / 'face.jpg') as image:
        sampling = JpegImagePlugin.get_sampling(image)
    assert sampling == HALF_SIZE_CHROMA, 'OpenCV has another default'


def test_values_are_those_of_scikit_image_on_files(
    pairs: list, metric: type, tmp_path: Path
) -> None:
    rows = []
    for pred, target in pairs:
        restored = through_file(pred, tmp_path / 'face.jpg')
        true = through_file(target, tmp_path / 'face.png')
        rows.append(
            [
                peak_signal_noise_ratio(true, restored, data_range=255),
                structural_similarity(
                    true,
                    restored,
                    data_range=255,
                    win_size=51,
                    channel_axis=-1,
                ),
                np.abs(true.astype(np.float32) - restored).mean(),
            ]
        )
    wanted = dict(
        zip(
            ('elsface/PSNR', 'elsface/SSIM', 'elsface/MAE'),
            np.mean(rows, axis=0),
        )
    )
    samples = [as_sample(*pair) for pair in pairs]
    found = evaluated(metric('elsface'), samples)
    assert found == pytest.approx(wanted, rel=1e-6)
    assert evaluated(metric('elsface'), samples[:1], samples[1:]) == found


def test_ground_truth_is_not_compressed_again(pairs: list) -> None:
    pred, target = pairs[0]
    assert (jpeg_round_trip(target) != target).any()
    np.testing.assert_array_equal(elsface_pair(pred, target)[1], target)


def test_rounded_to_nearest_and_saturated() -> None:
    values = np.array([-50.0, -0.4, 100.4, 100.6, 254.7, 255.4, 300.0])
    wanted = [0, 0, 100, 101, 255, 255, 255]
    assert round_to_8_bit(values).tolist() == wanted
    # The released code hands floats to OpenCV; on a half it takes the even.
    halves = np.array([[0.5, 1.5, 2.5, 253.5, 254.5]], np.float32)
    _, content = cv2.imencode('.png', halves)
    assert (
        round_to_8_bit(halves).tolist()
        == cv2.imdecode(content, cv2.IMREAD_GRAYSCALE).tolist()
    )


def test_flat_images_by_hand() -> None:
    """One level a channel survives JPEG where it is gray."""
    target = np.full((51, 60, 3), 128.0)
    equal = ELSFACE.measure(target + 0.4, target)
    assert equal == dict(PSNR=float('inf'), SSIM=1, MAE=0)
    apart = ELSFACE.measure(target + 9.6, target)  # 10 after rounding
    means = 2 * 138 * 128 + 2.55**2, 138**2 + 128**2 + 2.55**2
    assert apart == pytest.approx(
        dict(
            PSNR=20 * np.log10(25.5),
            SSIM=means[0] / means[1],
            MAE=10,
        )
    )
    white = np.full_like(target, 255)
    assert ELSFACE.measure(white + 90, white)['MAE'] == 0
    found = ELSFACE.summarize([equal, apart])
    # That of the equal image is infinite and left out.
    assert found['PSNR'] == apart['PSNR'] and found['MAE'] == 5


def test_small_images_are_refused() -> None:
    image = np.zeros((50, 64, 3))
    with pytest.raises(ValueError, match=r'51x51.*got \(50, 64\); test larg'):
        ELSFACE.measure(image, image)
    with pytest.raises(ValueError, match='equal shape'):
        ELSFACE.measure(image, image[:, :60])


@pytest.mark.parametrize('scale', [4, 8])
def test_fragments(scale: int) -> None:
    configs = ROOT / 'configs'
    plain = Config.fromfile(
        configs / f'_base_/evaluation/rgb_border{scale}.py'
    )
    assert plain.protocol.crop_border == scale
    assert plain.protocol.color == 'RGB' and plain.test_cfg
    assert plain.test_evaluator == plain.val_evaluator
    assert [dict(metric) for metric in plain.val_evaluator] == [
        dict(type=name, crop_border=scale)
        for name in ('PSNR', 'SSIM', 'BorderMAE')
    ]
    cfg = Config.fromfile(configs / f'elsface/_base_/x{scale}_evaluation.py')
    assert cfg.protocol == plain.protocol
    assert cfg.val_evaluator == plain.val_evaluator
    assert cfg.test_evaluator == [
        *plain.val_evaluator,
        dict(type='PaperProtocol', protocol='elsface'),
    ]
    assert not cfg.lpips and not cfg.fid_reference
