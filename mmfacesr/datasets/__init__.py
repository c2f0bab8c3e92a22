# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Datasets and their transforms; importing this registers them."""

from mmfacesr.datasets import transforms
from mmfacesr.datasets.endless_faces import DrawFace, SyntheticFaces
from mmfacesr.datasets.face_folder import FaceFolder
from mmfacesr.datasets.seeded_samplers import (
    SeededInfiniteSampler,
    SeededSampler,
)

__all__ = [
    'DrawFace',
    'FaceFolder',
    'SeededInfiniteSampler',
    'SeededSampler',
    'SyntheticFaces',
    'transforms',
]
