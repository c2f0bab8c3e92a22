# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0

from mmfacesr.datasets.transforms.blind_degradation import DegradeBlindly
from mmfacesr.datasets.transforms.elastic_face import RandomElasticFace
from mmfacesr.datasets.transforms.face_augmentation import (
    RandomAspectCropFace,
    RandomFlipFace,
    RandomRotate90Face,
)
from mmfacesr.datasets.transforms.face_crop import CropFace, ResizeFace
from mmfacesr.datasets.transforms.face_jitter import (
    ColorJitterFace,
    RandomRotateFace,
)
from mmfacesr.datasets.transforms.face_reduction import ReduceFace
from mmfacesr.datasets.transforms.image_reduction import ReduceImage
from mmfacesr.datasets.transforms.landmarks import DrawHeatmaps, LoadLandmarks
from mmfacesr.datasets.transforms.loading import (
    CheckLRFile,
    LoadFaceImage,
    TakeAsInput,
)
from mmfacesr.datasets.transforms.random_framing import RandomFramingFace
from mmfacesr.datasets.transforms.random_resized_crop import (
    RandomResizedCropFace,
)

__all__ = [
    'CheckLRFile',
    'CropFace',
    'DegradeBlindly',
    'DrawHeatmaps',
    'ColorJitterFace',
    'LoadFaceImage',
    'LoadLandmarks',
    'RandomAspectCropFace',
    'RandomElasticFace',
    'RandomFlipFace',
    'RandomFramingFace',
    'RandomResizedCropFace',
    'RandomRotate90Face',
    'RandomRotateFace',
    'ReduceFace',
    'ReduceImage',
    'ResizeFace',
    'TakeAsInput',
]
