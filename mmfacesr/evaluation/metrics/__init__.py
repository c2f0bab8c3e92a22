# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Metrics that the configs name."""

from mmfacesr.evaluation.metrics.fid import PytorchFID
from mmfacesr.evaluation.metrics.image_quality import (
    MSSSIM,
    BorderMAE,
    PaperProtocol,
)
from mmfacesr.evaluation.metrics.landmark_nme import LandmarkNME
from mmfacesr.evaluation.metrics.lpips import LPIPS

__all__ = [
    'LPIPS',
    'MSSSIM',
    'BorderMAE',
    'LandmarkNME',
    'PaperProtocol',
    'PytorchFID',
]
