# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What DIC expects."""

from mmfacesr.models.common.facts import Facts

X8 = Facts(
    scale=8,
    gt_size=128,
    lr_recipe='bicubic_x8',
    framing='face',
    mean=(129.795, 108.12, 96.39),  # (0.509, 0.424, 0.378) * 255
    std=(255.0, 255.0, 255.0),
    face_sizes=(12, 32),  # by analogy, not measured
)
