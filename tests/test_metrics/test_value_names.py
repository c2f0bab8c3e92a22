# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Directions, digits and units of the values that there are."""

import pytest

from mmfacesr.evaluation.value_names import (
    digits,
    larger_is_better,
    shown,
    unit,
)


@pytest.mark.parametrize(
    'name, expected',
    [
        ('rgb/PSNR', True),
        ('LR/PSNR', True),
        ('any/SSIM', True),
        ('any/MS-SSIM', True),
        ('identity/cosine', True),
        ('identity/rank-1', True),
        ('parts/accuracy', True),
        ('rgb/MAE', False),
        ('LPIPS/alex', False),
        ('any/LPIPS', False),
        ('NME', False),
        ('NME-inner51', False),
        ('NME/hr', False),
        ('NME/failed', False),
        ('FID/gt', False),
        ('FID/PSNR', False),  # of a folder with an odd name
        ('KID/gt', False),
        ('NIQE', False),
        ('identity/distance', False),
        ('rgb/beauty', None),
        ('PSNRs', None),
    ],
)
def test_direction(name: str, expected: bool | None) -> None:
    assert larger_is_better(name) is expected


def test_a_person_is_shown_usual_places() -> None:
    assert (digits('rgb/PSNR'), unit('rgb/PSNR')) == (2, 'dB')
    assert shown('rgb/PSNR', 23.456) == '23.46'
    assert shown('rgb/PSNR', 0.2, '+') == '+0.20'
    assert shown('rgb/SSIM', 0.61371) == '0.6137'
    assert shown('rgb/beauty', 1.0) == '1.0000' and unit('rgb/beauty') == ''
    assert shown('NIQE', None) == '-'
