# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Networks with their losses and the shape of their training."""

from .bicubic_baseline import BicubicBaseline
from .dic_restorer import DICGANRestorer, DICRestorer
from .face_gan_restorer import FaceGANRestorer
from .face_restorer import FaceRestorer
from .heatmap_regressor import HeatmapRegressor
from .mean_shape_baseline import MeanShapeBaseline
from .progressive_restorer import ProgressiveRestorer

__all__ = [
    'BicubicBaseline',
    'DICGANRestorer',
    'DICRestorer',
    'FaceGANRestorer',
    'FaceRestorer',
    'HeatmapRegressor',
    'MeanShapeBaseline',
    'ProgressiveRestorer',
]
