"""WFEN, 16x16 to 128x128: network, loss and preprocessor.

The network does not change the size: the pipelines enlarge the LR face.
"""

_base_ = []

from mmfacesr.models.wfen import facts as wfen

model = dict(
    type='BaseEditModel',
    generator=dict(
        type='WFEN',
        mid_channels=40,
        num_blocks=6,
        init_std=None,  # as released: 0.02, at which signals fade at first
    ),
    pixel_loss=dict(type='L1Loss', loss_weight=1.0, reduction='mean'),
    data_preprocessor=dict(
        type='DataPreprocessor', mean=wfen.X8.mean, std=wfen.X8.std
    ),
)
