# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Synthetic faces: drawn portraits and groups with exact 68 landmarks."""

from mmfacesr.datasets.synthetic_faces.group import render_group
from mmfacesr.datasets.synthetic_faces.render import face_points, render_face
from mmfacesr.datasets.synthetic_faces.writer import (
    contact_sheet,
    face_seeds,
    write_faces,
)

__all__ = [
    'contact_sheet',
    'face_points',
    'face_seeds',
    'render_face',
    'render_group',
    'write_faces',
]
