# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Heads: image in, landmark heatmaps out."""

from mmfacesr.models.heads.distilled_fan import DistilledFANHead
from mmfacesr.models.heads.fan_teacher import FANTeacher
from mmfacesr.models.heads.feedback_hourglass import FeedbackHourglassHead
from mmfacesr.models.heads.stacked_hourglass import StackedHourglassHead

__all__ = [
    'DistilledFANHead',
    'FANTeacher',
    'FeedbackHourglassHead',
    'StackedHourglassHead',
]
