# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0

from .loading import LoadFaceImage

__all__ = ['LoadFaceImage']
