# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Losses that the base does not have."""

from mmfacesr.models.losses.face_feature_loss import FaceFeatureLoss
from mmfacesr.models.losses.feature_matching_loss import FeatureMatchingLoss
from mmfacesr.models.losses.multiscale_gan_loss import MultiScaleGANLoss
from mmfacesr.models.losses.vgg_feature_loss import VGGFeatureLoss

__all__ = [
    'FaceFeatureLoss',
    'FeatureMatchingLoss',
    'MultiScaleGANLoss',
    'VGGFeatureLoss',
]
