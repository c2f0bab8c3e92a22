# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0

from .face_folder import FaceFolder

__all__ = ['FaceFolder']
