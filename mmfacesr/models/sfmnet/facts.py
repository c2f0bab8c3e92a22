# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What SFMNet expects."""

from mmfacesr.models.common.facts import Facts

X8 = Facts(
    scale=8,
    gt_size=128,
    lr_recipe='bicubic_x8',
    framing='face',
    mean=(0.0, 0.0, 0.0),  # to [0, 1]
    std=(255.0, 255.0, 255.0),
    face_sizes=(12, 32),  # by analogy, not measured
    enlarged=True,
)
