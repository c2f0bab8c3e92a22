# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Losses that the base does not have."""

from mmfacesr.models.losses.face_feature_loss import FaceFeatureLoss
from mmfacesr.models.losses.facial_attention_loss import FacialAttentionLoss
from mmfacesr.models.losses.feature_matching_loss import FeatureMatchingLoss
from mmfacesr.models.losses.heatmap_loss import ForegroundMSELoss, HeatmapLoss
from mmfacesr.models.losses.multiscale_gan_loss import MultiScaleGANLoss
from mmfacesr.models.losses.sharp_loss import SharpLoss
from mmfacesr.models.losses.vgg_feature_loss import VGGFeatureLoss

__all__ = [
    'FaceFeatureLoss',
    'FacialAttentionLoss',
    'FeatureMatchingLoss',
    'ForegroundMSELoss',
    'HeatmapLoss',
    'MultiScaleGANLoss',
    'SharpLoss',
    'VGGFeatureLoss',
]
