# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Metrics that the configs name."""

from .elsface import ELSFaceFID, ELSFaceLPIPS
from .fid import PytorchFID
from .image_quality import MSSSIM, BorderMAE, PaperProtocol
from .landmark_nme import LandmarkNME
from .lpips import LPIPS

__all__ = [
    'LPIPS',
    'MSSSIM',
    'BorderMAE',
    'ELSFaceFID',
    'ELSFaceLPIPS',
    'LandmarkNME',
    'PaperProtocol',
    'PytorchFID',
]
