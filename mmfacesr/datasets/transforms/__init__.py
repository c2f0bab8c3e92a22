# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0

from .face_augmentation import (
    RandomAspectCropFace,
    RandomFlipFace,
    RandomRotate90Face,
)
from .face_crop import CropFace, ResizeFace
from .landmarks import DrawHeatmaps, LoadLandmarks
from .loading import LoadFaceImage, TakeAsInput

__all__ = [
    'CropFace',
    'DrawHeatmaps',
    'LoadFaceImage',
    'LoadLandmarks',
    'RandomAspectCropFace',
    'RandomFlipFace',
    'RandomRotate90Face',
    'ResizeFace',
    'TakeAsInput',
]
