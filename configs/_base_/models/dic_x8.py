"""DIC, 16x16 to 128x128: network, losses and what it is fed."""

_base_ = '../degradations/bicubic_x8.py'

gt_size = 128
model = dict(
    type='DICRestorer',
    generator=dict(
        type='DICGenerator',
        mid_channels=48,
        num_blocks=6,
        hg_mid_channels=256,
        hg_num_keypoints=68,
        num_steps=4,
        upscale_factor=8,
    ),
    pixel_loss=dict(type='L1Loss', loss_weight=1.0, reduction='mean'),
    align_loss=dict(type='MSELoss', loss_weight=0.1, reduction='mean'),
    data_preprocessor=dict(
        type='DataPreprocessor',
        mean=[129.795, 108.12, 96.39],  # (0.509, 0.424, 0.378) * 255, RGB
        std=[255, 255, 255],
    ),
)

load_face = [
    dict(type='LoadFaceImage'),
    dict(type='LoadLandmarks'),
    dict(type='CropFace'),
]
make_sample = [
    *_base_.degradation,
    dict(type='DrawHeatmaps', size=gt_size // 4, sigma=1.0),
    dict(type='PackInputs'),
]
train_pipeline = [
    *load_face,
    dict(type='ResizeFace', size=gt_size),
    *make_sample,
]
# Of the few Helen faces the released training code makes more.
helen_train_pipeline = [
    *load_face,
    dict(type='RandomAspectCropFace', ratio_range=(0.66, 1.33)),
    dict(type='ResizeFace', size=gt_size),
    dict(type='RandomFlipFace', prob=0.5),
    dict(type='RandomRotate90Face'),
    *make_sample,
]
val_pipeline = [
    dict(type='LoadFaceImage'),
    dict(type='CropFace'),
    dict(type='ResizeFace', size=gt_size),
    *_base_.degradation,
    dict(type='PackInputs'),
]
# A face of any size becomes the 16x16 input; one of 16x16 stays as it is.
inference_pipeline = [
    dict(type='LoadFaceImage'),
    dict(type='CropFace'),
    dict(type='ResizeFace', size=gt_size // 8),
    dict(type='TakeAsInput'),
    dict(type='PackInputs'),
]

optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=1e-4))
auto_scale_lr = dict(enable=False, base_batch_size=8)
