# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Restorers that two methods share, and the baselines. They need MMagic."""

from .bicubic_baseline import BicubicBaseline
from .face_gan_restorer import FaceGANRestorer
from .face_restorer import FaceRestorer
from .heatmap_regressor import HeatmapRegressor
from .mean_shape_baseline import MeanShapeBaseline

__all__ = [
    'BicubicBaseline',
    'FaceGANRestorer',
    'FaceRestorer',
    'HeatmapRegressor',
    'MeanShapeBaseline',
]
