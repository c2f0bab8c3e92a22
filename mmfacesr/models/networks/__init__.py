# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Networks: image in, image (or judgement) out."""

from mmfacesr.models.networks.dic import DICDiscriminator, DICGenerator
from mmfacesr.models.networks.elsface import ELSFaceNet
from mmfacesr.models.networks.pfsrnet import PFSRNet, PFSRNetDiscriminator
from mmfacesr.models.networks.size_requirement import SizeRequirement
from mmfacesr.models.networks.sparnet import SPARNet, SPARNetDiscriminator

__all__ = [
    'DICDiscriminator',
    'DICGenerator',
    'ELSFaceNet',
    'PFSRNet',
    'PFSRNetDiscriminator',
    'SPARNet',
    'SPARNetDiscriminator',
    'SizeRequirement',
]
