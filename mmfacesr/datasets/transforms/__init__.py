# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0

from .blind_degradation import DegradeBlindly
from .face_augmentation import (
    RandomAspectCropFace,
    RandomFlipFace,
    RandomRotate90Face,
)
from .face_crop import CropFace, ResizeFace
from .face_jitter import JitterColors, RandomRotateFace
from .face_reduction import ReduceFace
from .landmarks import DrawHeatmaps, LoadLandmarks
from .loading import CheckLRFile, LoadFaceImage, TakeAsInput
from .random_resized_crop import RandomResizedCropFace

__all__ = [
    'CheckLRFile',
    'CropFace',
    'DegradeBlindly',
    'DrawHeatmaps',
    'JitterColors',
    'LoadFaceImage',
    'LoadLandmarks',
    'RandomAspectCropFace',
    'RandomFlipFace',
    'RandomResizedCropFace',
    'RandomRotate90Face',
    'RandomRotateFace',
    'ReduceFace',
    'ResizeFace',
    'TakeAsInput',
]
