"""SPARNet, 16x16 to 128x128: network, loss and what it is fed.

The network does not change the size: the pipelines enlarge the LR face by
Pillow bicubic in 8 bit.
"""

_base_ = '../degradations/bicubic_x8_enlarged.py'

model = dict(
    type='BaseEditModel',
    generator=dict(
        type='SPARNet',
        min_ch=32,
        max_ch=128,
        in_size=128,
        out_size=128,
        min_feat_size=16,
        res_depth=10,
        att_name='spar',
        norm_type='bn',
        relu_type='leakyrelu',
        bottleneck_size=4,
    ),
    pixel_loss=dict(type='L1Loss', loss_weight=1.0, reduction='mean'),
    data_preprocessor=dict(
        type='DataPreprocessor', mean=[127.5] * 3, std=[127.5] * 3
    ),
)

load_face = [
    dict(type='LoadFaceImage'),
    dict(type='CropFace'),
    dict(type='ResizeFace', size=_base_.gt_size),
]
make_sample = [*_base_.degradation, dict(type='PackInputs')]
# What the released code does to faces cut out by boxes, not aligned: a random
# part of random proportions, squeezed into the square.
released_train_pipeline = [
    *load_face,
    dict(type='RandomFlipFace', prob=0.5),
    dict(type='RandomResizedCropFace', size=_base_.gt_size),
    *make_sample,
]
# For aligned faces: nothing but the flip.
train_pipeline = [
    *load_face,
    dict(type='RandomFlipFace', prob=0.5),
    *make_sample,
]
val_pipeline = [*load_face, *make_sample]
# A 16x16 file, an enlarged one of 128x128 and a face crop of any other size
# all become the enlarged input.
inference_pipeline = [
    *load_face,
    dict(type='TakeAsInput'),
    dict(type='PackInputs'),
]

optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='Adam', lr=2e-4, betas=(0.9, 0.99)),
)
auto_scale_lr = dict(enable=False, base_batch_size=32)
