"""SPARNet, 16x16 to 128x128: network, loss and preprocessor.

The network does not change the size: the pipelines enlarge the LR face.
"""

_base_ = []

from mmfacesr.models.sparnet import facts as sparnet

model = dict(
    type='BaseEditModel',
    generator=dict(
        type='SPARNet',
        min_ch=32,
        max_ch=128,
        in_size=sparnet.X8.input_size,
        out_size=sparnet.X8.gt_size,
        min_feat_size=16,
        res_depth=10,
        att_name='spar',
        norm_type='bn',
        relu_type='leakyrelu',
        bottleneck_size=4,
    ),
    pixel_loss=dict(type='L1Loss', loss_weight=1.0, reduction='mean'),
    data_preprocessor=dict(
        type='DataPreprocessor', mean=sparnet.X8.mean, std=sparnet.X8.std
    ),
)
