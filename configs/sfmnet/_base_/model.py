"""SFMNet, 16x16 to 128x128: network, losses and preprocessor.

The network does not change the size: the pipelines enlarge the LR face.
"""

_base_ = []

from mmfacesr.models.sfmnet import facts as sfmnet

model = dict(
    type='SFMNetRestorer',
    generator=dict(type='SFMNet', mid_channels=64, num_blocks=2),
    pixel_loss=dict(type='L1Loss', loss_weight=1.0, reduction='mean'),
    spectral_loss=dict(type='SpectralLoss', loss_weight=0.01),
    data_preprocessor=dict(
        type='DataPreprocessor', mean=sfmnet.X8.mean, std=sfmnet.X8.std
    ),
)
