# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What SPARNet and SPARNetHD expect."""

from mmfacesr.models.common.facts import Facts

HALF = (127.5, 127.5, 127.5)  # to [-1, 1]

X8 = Facts(
    scale=8,
    gt_size=128,
    lr_recipe='bicubic_x8',
    framing='face',
    mean=HALF,
    std=HALF,
    face_sizes=(12, 24),
    enlarged=True,
)
HD = Facts(
    scale=1,
    gt_size=512,
    lr_recipe='blind_ffhq',
    framing='ffhq',
    mean=HALF,
    std=HALF,
    face_sizes=(24, 512),  # from its degradation to its frame, not measured
)
