"""ELSFace: network and losses of every scale, and how faces come in.

The network and its losses see RGB in [0, 1].
"""

gt_size = 128
model = dict(
    type='FaceRestorer',
    generator=dict(
        type='ELSFaceNet',
        upscale_factor=4,
        tail_factor=2,
        lr_size=32,
        mid_channels=60,
        num_cnn_recursions=2,
        num_transformer_recursions=3,
        num_heads=6,
    ),
    pixel_loss=dict(type='L1Loss', loss_weight=1.0, reduction='mean'),
    extra_losses=dict(sharp=dict(type='SharpLoss', loss_weight=0.05)),
    data_preprocessor=dict(
        type='DataPreprocessor', mean=[0.0] * 3, std=[255.0] * 3
    ),
)

load_face = [
    dict(type='LoadFaceImage'),
    dict(type='CropFace'),
    dict(type='ResizeFace', size=gt_size),
]
# A face of any size; one that is not larger than those of the training is
# reduced only once.
load_input = [
    dict(type='LoadFaceImage'),
    dict(type='CropFace'),
    dict(type='ResizeFace', size=gt_size, only_reduce=True),
]
