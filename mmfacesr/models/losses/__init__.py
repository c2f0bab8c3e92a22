# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Losses that the base does not have."""

from mmfacesr.models.losses.face_feature_loss import FaceFeatureLoss

__all__ = ['FaceFeatureLoss']
