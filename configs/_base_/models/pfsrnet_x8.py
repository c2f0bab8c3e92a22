"""PFSRNet, 16x16 to 128x128 in three steps: networks, losses, schedule."""

_base_ = '../degradations/bilinear_chain_x8.py'

# Each step begins with the output of the one before and fades its own in:
# alpha goes from 0 to 1 over `fade_iters`.
half, full = 50_000, 100_000
schedule = [
    dict(
        size=32,
        iters=half,
        loss_weights=dict(pixel=10, feature=1e-2, gan=1),
    ),
    dict(
        size=64,
        iters=half,
        fade_iters=half // 2,
        loss_weights=dict(
            pixel=10, feature=1e-2, gan=1, attention=500, heatmap=50
        ),
    ),
    dict(
        size=128,
        iters=full,
        fade_iters=half // 2,
        loss_weights=dict(
            pixel=10, feature=1e-3, gan=1e-1, attention=50, heatmap=50
        ),
    ),
]
model = dict(
    type='ProgressiveRestorer',
    schedule=schedule,
    generator=dict(type='PFSRNet'),
    discriminator=dict(type='PFSRNetDiscriminator'),
    pixel_loss=dict(type='L1Loss', loss_weight=1.0, reduction='mean'),
    # Built at its first use. Where its weights cannot be had, train without:
    # --cfg-options model.feature_loss.loss_weight=0
    feature_loss=dict(
        type='VGGFeatureLoss',
        network='vgg16',
        layers=[3, 8, 15, 22],  # relu1_2, relu2_2, relu3_3 and relu4_3
        criterion='mse',
        imagenet_norm=False,
    ),
    gan_loss=dict(type='GANLoss', gan_type='wgan', loss_weight=1.0),
    drift_loss=dict(type='DiscShiftLoss', loss_weight=0.001),
    penalty_weight=10.0,
    landmark_guidance=dict(
        head=dict(type='DistilledFANHead'),
        pretrained=None,  # None: attention is drawn from the landmark table
        attention_loss=dict(type='FacialAttentionLoss'),
        heatmap_loss=dict(type='HeatmapLoss'),
    ),
    data_preprocessor=dict(
        type='DataPreprocessor',
        mean=[127.5] * 3,
        std=[127.5] * 3,
        data_keys=_base_.data_keys,
    ),
)

load_face = [
    dict(type='LoadFaceImage'),
    dict(type='LoadLandmarks', optional=True),  # a landmark head needs none
    dict(type='CropFace'),
    dict(type='ResizeFace', size=_base_.gt_size, interpolation='bilinear'),
]
make_sample = [
    *_base_.degradation,
    dict(type='DrawHeatmaps', size=64, sigma=1.5, optional=True),
    _base_.pack_inputs,
]
train_pipeline = [*load_face, *make_sample]
# The published training has it and leaves it off.
augmented_train_pipeline = [
    *load_face,
    dict(type='RandomFlipFace', prob=0.5),
    dict(type='RandomRotateFace', degrees=20),
    dict(
        type='ColorJitterFace',
        brightness=0.4,
        contrast=0.4,
        saturation=0.4,
        hue=0.1,
    ),
    *make_sample,
]
val_pipeline = [
    dict(type='LoadFaceImage'),
    dict(type='CropFace'),
    dict(type='ResizeFace', size=_base_.gt_size, interpolation='bilinear'),
    *_base_.degradation,
    _base_.pack_inputs,
]
# One face image, aligned or not: the largest central square, or the square
# around the sample's `box` (x0, y0, x1, y1), is reduced as in training. A
# file of 16x16 stays as it is.
inference_pipeline = [
    dict(type='LoadFaceImage'),
    dict(type='CropFace'),
    dict(type='ReduceFace', size=_base_.gt_size // _base_.scale, first=128),
    dict(type='TakeAsInput'),
    dict(type='PackInputs'),
]

# Two of the three RGB heads, and in the first step all of the later stages,
# take no part in an iteration.
model_wrapper_cfg = dict(
    type='MMSeparateDistributedDataParallel', find_unused_parameters=True
)
adam = dict(type='Adam', lr=1e-3, betas=(0.0, 0.99))
optim_wrapper = dict(
    constructor='MultiOptimWrapperConstructor',
    generator=dict(type='OptimWrapper', optimizer=adam),
    discriminator=dict(type='OptimWrapper', optimizer=adam),
)
auto_scale_lr = dict(enable=False, base_batch_size=16)

growing_hooks = [
    dict(type='ProgressiveStepHook'),
    # Several processes validate with the mean of their batch statistics.
    dict(type='SyncBuffersHook'),
]
