# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Where landmarks come from: detectors and readers behind one protocol.

Used offline by tools/dataset_converters/extract_landmarks.py; training needs
only the table it writes. The optional packages are imported on construction.
"""

from .annotation import CelebAAnnotation, CSVAnnotation, PTSAnnotation
from .face_alignment_detector import FaceAlignmentDetector
from .mediapipe_detector import MediaPipeDetector
from .mesh_mapping import MeshMapping
from .source import FaceLandmarks, LandmarkSource

__all__ = [
    'CSVAnnotation',
    'CelebAAnnotation',
    'FaceAlignmentDetector',
    'FaceLandmarks',
    'LandmarkSource',
    'MediaPipeDetector',
    'MeshMapping',
    'PTSAnnotation',
]
