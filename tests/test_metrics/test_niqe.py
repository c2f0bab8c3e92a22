# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""NIQE where it is defined, and where it is not."""

import numpy as np
import pytest

from mmfacesr.evaluation.image_metrics import ImageMetric


def noise(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (128, 128, 3), np.uint8)


@pytest.fixture(scope='module')
def naturalness() -> ImageMetric:
    from mmfacesr.evaluation.metrics.niqe import niqe_metric

    return niqe_metric()


def test_niqe_of_a_photograph(naturalness: ImageMetric) -> None:
    """That of MMagic, which takes BGR, and what it is for."""
    from mmagic.evaluation.metrics.niqe import niqe
    from skimage.data import astronaut
    from skimage.filters import gaussian

    photo = astronaut()[:288, :288]
    blurred = gaussian(photo, 2, channel_axis=2, preserve_range=True)
    value = naturalness.measure(photo, photo, None)['NIQE']
    assert value == niqe(photo[..., ::-1], 0, 'HWC', 'gray')
    assert value != niqe(photo, 0, 'HWC', 'gray')
    worse = naturalness.measure(blurred.astype(np.uint8), photo, None)
    assert worse['NIQE'] > value + 1


def test_niqe_where_it_is_not_defined(naturalness: ImageMetric) -> None:
    face = noise(0)
    with pytest.raises(ValueError, match='2 whole blocks.*128x128 with 1'):
        naturalness.measure(face, face, None)
    # One block with structure is as good as a single one.
    half = np.full((192, 96, 3), 9, np.uint8)
    half[:80] = noise(0)[:80, :96]
    assert np.isnan(naturalness.measure(half, half, None)['NIQE'])
    half[100:] = noise(1)[:92, :96]
    assert np.isfinite(naturalness.measure(half, half, None)['NIQE'])
