"""ELSFace, 32x32 to 128x128: network, losses and preprocessor.

The network and its losses see RGB in [0, 1].
"""

_base_ = []

from mmfacesr.models.elsface import facts as elsface

model = dict(
    type='FaceRestorer',
    generator=dict(
        type='ELSFaceNet',
        upscale_factor=elsface.X4.scale,
        tail_factor=2,
        lr_size=elsface.X4.lr_size,
        mid_channels=60,
        num_cnn_recursions=2,
        num_transformer_recursions=3,
        num_heads=6,
    ),
    pixel_loss=dict(type='L1Loss', loss_weight=1.0, reduction='mean'),
    extra_losses=dict(sharp=dict(type='SharpLoss', loss_weight=0.05)),
    data_preprocessor=dict(
        type='DataPreprocessor', mean=elsface.X4.mean, std=elsface.X4.std
    ),
)
