"""SPARNetHD, any bad face to a good one of 512x512: networks and losses.

What the losses are weighted by, the average of the generator and the two
learning rates are those of the released training.
"""

_base_ = '../degradations/blind_ffhq.py'

gt_size = 512
model = dict(
    type='FaceGANRestorer',
    generator=dict(
        type='SPARNet',
        min_ch=32,
        max_ch=512,
        in_size=gt_size,
        out_size=gt_size,
        min_feat_size=32,
        res_depth=10,
        att_name='spar',
        norm_type='in',
        relu_type='leakyrelu',
        bottleneck_size=4,
        spectral_norm=True,
        with_cp=False,  # True: much less memory, more time; see README.md
    ),
    discriminator=dict(type='SPARNetDiscriminator', num_scales=3),
    pixel_loss=dict(type='L1Loss', loss_weight=100.0, reduction='mean'),
    # Built at its first use. Where its weights cannot be had, train without:
    # --cfg-options model.feature_loss.loss_weight=0
    feature_loss=dict(
        type='VGGFeatureLoss',
        network='vgg19',
        # relu1_2, relu2_2, relu3_4, relu4_4 and conv5_4, before its ReLU
        layers=[3, 8, 17, 26, 34],
        criterion='l1',
        min_width=224,
        loss_weight=1.0,
    ),
    feature_matching_loss=dict(type='FeatureMatchingLoss', loss_weight=10.0),
    gan_loss=dict(type='MultiScaleGANLoss', gan_type='hinge', loss_weight=1.0),
    data_preprocessor=dict(
        type='DataPreprocessor', mean=[127.5] * 3, std=[127.5] * 3
    ),
)

degradation = _base_.fixed_degradation  # what the report of a test names

load_face = [
    dict(type='LoadFaceImage'),
    dict(type='CropFace'),
    dict(type='ResizeFace', size=gt_size),
]
train_pipeline = [
    *load_face,
    *_base_.degradation,
    dict(type='PackInputs'),
]
val_pipeline = [
    *load_face,
    *_base_.fixed_degradation,
    dict(type='PackInputs'),
]
inference_pipeline = [
    *load_face,
    dict(type='TakeAsInput'),
    dict(type='PackInputs'),
]

model_wrapper_cfg = dict(type='MMSeparateDistributedDataParallel')
optim_wrapper = dict(
    constructor='MultiOptimWrapperConstructor',
    generator=dict(
        type='OptimWrapper',
        optimizer=dict(type='Adam', lr=1e-4, betas=(0.5, 0.99)),
    ),
    discriminator=dict(
        type='OptimWrapper',
        optimizer=dict(type='Adam', lr=4e-4, betas=(0.5, 0.99)),
    ),
)
auto_scale_lr = dict(enable=False, base_batch_size=2)
