# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""SPARNet's protocol against the values of its released evaluation code."""

from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config

from mmfacesr.evaluation.functional import luma, psnr, ssim
from mmfacesr.evaluation.functional.image_quality import truncate
from mmfacesr.models import METHODS

ROOT = Path(__file__).resolve().parents[3]
SPARNET = METHODS['sparnet'].protocol.measure


@pytest.fixture(scope='module')
def known(golden: Path) -> dict:
    path = golden / 'sparnet/celeba_eval.npz'
    return dict(np.load(path, allow_pickle=False))


@pytest.mark.parametrize(
    'image, name', [('metric_img_a', 'a'), ('metric_img_b', 'b')]
)
def test_golden_values(known: dict, image: str, name: str) -> None:
    got = SPARNET(known[image], known['hr'])
    assert got['PSNR'] == pytest.approx(known[f'psnr_{name}'], abs=1e-4)
    assert got['SSIM'] == pytest.approx(known[f'ssim_{name}'], abs=1e-4)
    # The truncation is seen: 0.15 dB in one pair, 0.005 dB in the other.
    smooth = luma(known[image]), luma(known['hr'])
    assert psnr(*smooth, 0) == pytest.approx(
        known[f'psnr_float_y_{name}'], abs=1e-4
    )
    assert ssim(*smooth, 0) == pytest.approx(
        known[f'ssim_float_y_{name}'], abs=1e-4
    )
    assert abs(psnr(*smooth, 0) - got['PSNR']) > 4e-3


def test_golden_values_of_an_enlarged_image(known: dict) -> None:
    got = SPARNET(known['lr_up'], known['hr'])
    assert got['PSNR'] == pytest.approx(known['psnr_lr_up'], abs=1e-4)
    assert got['SSIM'] == pytest.approx(known['ssim_lr_up'], abs=1e-4)


def test_luma_is_truncated(known: dict) -> None:
    np.testing.assert_array_equal(truncate(luma(known['hr'])), known['y_hr'])


def test_output_is_truncated_before_all_else(known: dict) -> None:
    """A network's float output counts as the file that is written of it."""
    tensor = known['tensor'].transpose(1, 2, 0)
    output = tensor * np.float32(127.5) + np.float32(127.5)
    np.testing.assert_array_equal(truncate(output), known['tensor_uint8'])
    target = np.roll(known['tensor_uint8'], 1, axis=0)
    assert SPARNET(output, target) == SPARNET(known['tensor_uint8'], target)
    fraction = np.float32(0.9)
    assert SPARNET(known['metric_img_a'] + fraction, known['hr']) == (
        SPARNET(known['metric_img_a'], known['hr'])
    )
    assert truncate(np.array([-3.0, 255.9, 260.0])).tolist() == [0, 255, 255]


def test_fragment_measures_bgr_samples(known: dict) -> None:
    from mmfacesr.evaluation.metrics import PaperProtocol

    cfg = Config.fromfile(ROOT / 'configs/sparnet/_base_/evaluation.py')
    kinds = [metric.type for metric in cfg.val_evaluator]
    assert kinds == ['PSNR', 'SSIM', 'BorderMAE']
    assert cfg.test_evaluator[:-1] == cfg.val_evaluator
    options = dict(cfg.test_evaluator[-1])
    assert options.pop('type') == 'PaperProtocol'
    metric = PaperProtocol(**options)

    def bgr(image: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(image).flip(2).permute(2, 0, 1)

    metric.size = 1
    sample = dict(
        gt_img=bgr(known['hr']),
        output=dict(pred_img=bgr(known['metric_img_b'])),
    )
    metric.process([], [sample])
    assert metric.evaluate() == pytest.approx(
        {
            'sparnet/PSNR': float(known['psnr_b']),
            'sparnet/SSIM': float(known['ssim_b']),
        },
        abs=1e-4,
    )
