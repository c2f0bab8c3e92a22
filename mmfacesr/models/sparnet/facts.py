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
    # The packaged weights have 0.19 dB more than back-projection alone at 12
    # pixels, 1.08 at 16, 0.43 at 24, 0.21 at 32, 0.11 at 40 (their card).
    face_sizes=(12, 32),
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
