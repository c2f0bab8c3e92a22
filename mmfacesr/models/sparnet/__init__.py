# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""SPARNet, SPARNet-Light and SPARNetHD (TIP 2021)."""

from mmfacesr.models.common.method import Method

from .discriminator import SPARNetDiscriminator
from .facts import HD, X8
from .feature_matching_loss import FeatureMatchingLoss
from .layouts import SPARNET_AUTHORS, SPECTRAL_NORM_PARAMETRIZED
from .multiscale_gan_loss import MultiScaleGANLoss
from .network import SPARNet
from .protocol import PROTOCOL

METHOD = Method(
    networks=(SPARNet, SPARNetDiscriminator),
    facts=dict(x8=X8, hd=HD),
    runtime=('generator_ema_hook',),
    layouts=(SPARNET_AUTHORS, SPECTRAL_NORM_PARAMETRIZED),
    protocol=PROTOCOL,
    quickstart='sparnet/sparnet_light-attn3d-x8_1xb2-400_synthetic.py',
)

__all__ = [
    'METHOD',
    'FeatureMatchingLoss',
    'MultiScaleGANLoss',
    'SPARNet',
    'SPARNetDiscriminator',
]
