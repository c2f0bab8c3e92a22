# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What WFEN expects."""

from mmfacesr.models.common.facts import Facts

X8 = Facts(
    scale=8,
    gt_size=128,
    lr_recipe='bicubic_x8',
    framing='face',
    mean=(127.5, 127.5, 127.5),  # to [-1, 1]
    std=(127.5, 127.5, 127.5),
    face_sizes=(12, 32),  # by analogy, not measured
    enlarged=True,
)
