# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Where landmarks come from: detectors and readers behind one protocol.

Used offline by tools/dataset_converters/extract_landmarks.py; training needs
only the table it writes. The optional packages are imported on construction.
"""

from mmfacesr.faces.detection.annotation import (
    CelebAAnnotation,
    CSVAnnotation,
    PTSAnnotation,
)
from mmfacesr.faces.detection.face_alignment_detector import (
    FaceAlignmentDetector,
)
from mmfacesr.faces.detection.mediapipe_detector import MediaPipeDetector
from mmfacesr.faces.detection.mesh_mapping import MeshMapping
from mmfacesr.faces.detection.source import FaceLandmarks, LandmarkSource

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
