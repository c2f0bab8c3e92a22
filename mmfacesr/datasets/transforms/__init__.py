# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0

from .blind_degradation import DegradeBlindly
from .face_augmentation import (
    RandomAspectCropFace,
    RandomFlipFace,
    RandomRotate90Face,
)
from .face_crop import CropFace, ResizeFace
from .landmarks import DrawHeatmaps, LoadLandmarks
from .loading import LoadFaceImage, TakeAsInput
from .random_resized_crop import RandomResizedCropFace

__all__ = [
    'CropFace',
    'DegradeBlindly',
    'DrawHeatmaps',
    'LoadFaceImage',
    'LoadLandmarks',
    'RandomAspectCropFace',
    'RandomFlipFace',
    'RandomResizedCropFace',
    'RandomRotate90Face',
    'ResizeFace',
    'TakeAsInput',
]
