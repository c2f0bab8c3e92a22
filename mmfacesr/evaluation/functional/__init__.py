# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Metrics as pure functions."""

from mmfacesr.evaluation.functional.frechet import frechet_distance
from mmfacesr.evaluation.functional.image_quality import luma, mae, psnr, ssim
from mmfacesr.evaluation.functional.landmarks import (
    decode_heatmaps,
    nme,
    nrmse,
)
from mmfacesr.evaluation.functional.ms_ssim import (
    ms_ssim,
    ms_ssim_levels,
    ms_ssim_product,
)
from mmfacesr.evaluation.functional.protocol import Protocol

__all__ = [
    'Protocol',
    'decode_heatmaps',
    'frechet_distance',
    'luma',
    'mae',
    'ms_ssim',
    'ms_ssim_levels',
    'ms_ssim_product',
    'nme',
    'nrmse',
    'psnr',
    'ssim',
]
