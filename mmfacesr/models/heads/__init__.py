# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Heads: image in, landmark heatmaps out."""

from mmfacesr.models.heads.feedback_hourglass import FeedbackHourglassHead
from mmfacesr.models.heads.stacked_hourglass import StackedHourglassHead

__all__ = ['FeedbackHourglassHead', 'StackedHourglassHead']
