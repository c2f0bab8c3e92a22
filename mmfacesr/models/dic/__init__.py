# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""DIC and DICGAN (CVPR 2020)."""

from mmfacesr.models.common.method import Method

from .discriminator import DICDiscriminator
from .face_feature_loss import FaceFeatureLoss
from .facts import X8
from .feedback_hourglass import FeedbackHourglassHead
from .layouts import DIC_AUTHORS, DIC_AUTHORS_EVALUATION
from .network import DICGenerator
from .protocol import PROTOCOL
from .stacked_hourglass import StackedHourglassHead

METHOD = Method(
    networks=(
        DICGenerator,
        DICDiscriminator,
        FeedbackHourglassHead,
        StackedHourglassHead,
    ),
    facts=dict(x8=X8),
    runtime=('restorer', 'pretrained_hourglass_hook'),
    layouts=(DIC_AUTHORS, DIC_AUTHORS_EVALUATION),
    protocol=PROTOCOL,
    quickstart='dic/dic-small_x8c16b2_1xb4-500_synthetic.py',
)

__all__ = [
    'METHOD',
    'DICDiscriminator',
    'DICGenerator',
    'FaceFeatureLoss',
    'FeedbackHourglassHead',
    'StackedHourglassHead',
]
