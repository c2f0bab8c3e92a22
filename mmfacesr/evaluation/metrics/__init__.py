# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Metrics that the configs name."""

from .image_quality import BorderMAE, PaperProtocol

__all__ = ['BorderMAE', 'PaperProtocol']
