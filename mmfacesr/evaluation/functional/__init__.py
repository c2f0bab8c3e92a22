# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Metrics as pure functions."""

from .elsface import elsface_pair
from .frechet import frechet_distance
from .image_quality import luma, mae, psnr, ssim
from .landmarks import decode_heatmaps, draw_heatmaps, nme, nrmse
from .ms_ssim import ms_ssim, ms_ssim_levels, ms_ssim_product
from .paper_protocols import PAPER_PROTOCOLS, Protocol

__all__ = [
    'PAPER_PROTOCOLS',
    'Protocol',
    'decode_heatmaps',
    'draw_heatmaps',
    'elsface_pair',
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
