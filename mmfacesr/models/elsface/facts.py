# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What ELSFace expects."""

from mmfacesr.models.common.facts import Facts

X4 = Facts(
    scale=4,
    gt_size=128,
    lr_recipe='opencv_cubic_x4',
    framing='face',
    mean=(0.0, 0.0, 0.0),  # to [0, 1]
    std=(255.0, 255.0, 255.0),
    # By measure_face_sizes.py, after 800 iterations of one photograph each:
    # 0.22 dB more than back-projection alone at 24 pixels, 0.57 at 32, 0.16 at
    # 48, 0.03 at 56.
    face_sizes=(20, 48),
)
X8 = Facts(
    scale=8,
    gt_size=128,
    lr_recipe='opencv_cubic_x8',
    framing='face',
    mean=(0.0, 0.0, 0.0),
    std=(255.0, 255.0, 255.0),
    face_sizes=(12, 32),  # by analogy, not measured
)
