# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Metrics that the configs name."""

from .image_quality import BorderMAE, PaperProtocol
from .landmark_nme import LandmarkNME

__all__ = ['BorderMAE', 'LandmarkNME', 'PaperProtocol']
