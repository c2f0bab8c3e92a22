# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""WFEN's protocol: 8 bit by truncation, the whole image."""

import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio

from mmfacesr.evaluation.metrics import PaperProtocol
from mmfacesr.models import METHODS


def luma_8_bit(image: np.ndarray) -> np.ndarray:
    """Luma of an 8-bit image, cut to 8 bit, by hand."""
    red, green, blue = image.astype(np.uint8).transpose(2, 0, 1).astype(float)
    luma = 16 + (65.481 * red + 128.553 * green + 24.966 * blue) / 255
    return luma.astype(np.uint8)


def test_luma_is_truncated_and_the_border_counts() -> None:
    rng = np.random.default_rng(0)
    target = rng.integers(0, 256, (32, 32, 3)).astype(float)
    pred = (target + rng.normal(0, 9, target.shape)).clip(0, 255)
    found = METHODS['wfen'].protocol.measure(pred, target)
    wanted = peak_signal_noise_ratio(
        luma_8_bit(target), luma_8_bit(pred), data_range=255
    )
    assert found['PSNR'] == pytest.approx(wanted, abs=1e-6)
    assert METHODS['wfen'].protocol.clamped
    assert PaperProtocol('wfen').value_names == ['PSNR', 'SSIM']
