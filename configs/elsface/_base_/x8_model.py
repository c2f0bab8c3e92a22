"""ELSFace, 16x16 to 128x128; losses as of x4.

Features are enlarged four times before the two streams, so that these work on
64x64 as those of the released x4 network do, with the same tail. The other
way: upscale_factor=8, tail_factor=4 (32x32, a quarter of the computation).
"""

_base_ = './x4_model.py'

from mmfacesr.models.elsface import facts as elsface

model = dict(
    generator=dict(
        upscale_factor=elsface.X8.scale,
        tail_factor=2,
        lr_size=elsface.X8.lr_size,
    ),
    data_preprocessor=dict(mean=elsface.X8.mean, std=elsface.X8.std),
)
