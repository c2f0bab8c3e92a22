# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""PFSRNet and its distilled landmark network (BMVC 2019)."""

from mmfacesr.models.common.method import Method

from .discriminator import PFSRNetDiscriminator
from .distilled_fan import DistilledFANHead
from .facial_attention_loss import FacialAttentionLoss
from .facts import X8
from .fan_teacher import FANTeacher
from .heatmap_loss import ForegroundMSELoss, HeatmapLoss
from .layouts import PFSRNET_AUTHORS, PFSRNET_AUTHORS_DISTRIBUTED
from .network import PFSRNet
from .protocol import PROTOCOL

METHOD = Method(
    networks=(PFSRNet, PFSRNetDiscriminator, DistilledFANHead),
    facts=dict(x8=X8),
    runtime=(
        'restorer',
        'fan_distillation',
        'step_hooks',
        'foreground_weight_hook',
    ),
    layouts=(PFSRNET_AUTHORS, PFSRNET_AUTHORS_DISTRIBUTED),
    protocol=PROTOCOL,
    quickstart='pfsrnet/pfsrnet_pixel-x8_1xb4-600_synthetic.py',
)

__all__ = [
    'METHOD',
    'DistilledFANHead',
    'FANTeacher',
    'FacialAttentionLoss',
    'ForegroundMSELoss',
    'HeatmapLoss',
    'PFSRNet',
    'PFSRNetDiscriminator',
]
