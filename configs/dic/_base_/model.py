"""DIC, 16x16 to 128x128: network, losses and preprocessor."""

_base_ = []

from mmfacesr.models.dic import facts as dic

model = dict(
    type='DICRestorer',
    generator=dict(
        type='DICGenerator',
        mid_channels=48,
        num_blocks=6,
        hg_mid_channels=256,
        hg_num_keypoints=68,
        num_steps=4,
        upscale_factor=dic.X8.scale,
    ),
    pixel_loss=dict(type='L1Loss', loss_weight=1.0, reduction='mean'),
    align_loss=dict(type='MSELoss', loss_weight=0.1, reduction='mean'),
    data_preprocessor=dict(
        type='DataPreprocessor', mean=dic.X8.mean, std=dic.X8.std
    ),
)
