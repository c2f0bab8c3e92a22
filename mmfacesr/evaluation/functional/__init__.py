# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Metrics as pure functions."""

from .frechet import frechet_distance
from .image_quality import luma, mae, psnr, ssim
from .landmarks import decode_heatmaps, draw_heatmaps, nme, nrmse
from .paper_protocols import PAPER_PROTOCOLS

__all__ = [
    'PAPER_PROTOCOLS',
    'decode_heatmaps',
    'draw_heatmaps',
    'frechet_distance',
    'luma',
    'mae',
    'nme',
    'nrmse',
    'psnr',
    'ssim',
]
