# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""SFMNet's protocol against the reference's own values."""

from collections.abc import Callable

import numpy as np
import pytest

from mmfacesr.models import METHODS


def test_values_are_the_references(sfmnet_arrays: Callable) -> None:
    arrays = sfmnet_arrays('training')
    protocol = METHODS['sfmnet'].protocol
    (pred,), (target,) = arrays['metric_pred'], arrays['metric_gt']
    found = protocol.measure(pred.astype(float), target.astype(float))
    for name in ('PSNR', 'SSIM'):
        wanted = arrays[f'metric_{name.lower()}']
        assert found[name] == pytest.approx(wanted, abs=1e-6)


def test_images_are_rounded_as_the_references(
    sfmnet_arrays: Callable,
) -> None:
    arrays = sfmnet_arrays('training')
    assert METHODS['sfmnet'].protocol.clamped
    image = (arrays['quantise_in'][0] * 255).clip(0, 255).transpose(1, 2, 0)
    np.testing.assert_array_equal(np.rint(image), arrays['quantise_out'][0])
