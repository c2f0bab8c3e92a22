# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""ELSFace (TMM 2023)."""

from mmfacesr.models.common.method import Method

from .facts import X4, X8
from .layouts import ELSFACE_AUTHORS
from .network import ELSFaceNet
from .protocol import PROTOCOL
from .sharp_loss import SharpLoss

METHOD = Method(
    networks=(ELSFaceNet,),
    facts=dict(x4=X4, x8=X8),
    runtime=('metrics',),
    layouts=(ELSFACE_AUTHORS,),
    protocol=PROTOCOL,
    metrics=dict(lpips=dict(type='ELSFaceLPIPS'), fid=dict(type='ELSFaceFID')),
    quickstart='elsface/elsface-small_x8c30_1xb1-2500_synthetic.py',
)

__all__ = ['METHOD', 'ELSFaceNet', 'SharpLoss']
