# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""SFMNet and SFMGAN (CVPR 2023)."""

from mmfacesr.models.common.method import Method

from .discriminator import SFMNetDiscriminator
from .facts import X8
from .layouts import SFMNET_AUTHORS
from .network import SFMNet
from .protocol import PROTOCOL
from .spectral_loss import SpectralLoss

METHOD = Method(
    networks=(SFMNet, SFMNetDiscriminator),
    facts=dict(x8=X8),
    runtime=('restorer',),
    layouts=(SFMNET_AUTHORS,),
    protocol=PROTOCOL,
    quickstart='sfmnet/sfmnet-small_x8c16b1_1xb2-1200_synthetic.py',
)

__all__ = ['METHOD', 'SFMNet', 'SFMNetDiscriminator', 'SpectralLoss']
