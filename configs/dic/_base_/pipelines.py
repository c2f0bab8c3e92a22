"""How faces come to DIC: in training, in tests and alone."""

_base_ = '../../_base_/degradations/bicubic_x8.py'

from mmfacesr.models.dic import facts as dic

gt_size = dic.X8.gt_size
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
    dict(type='ResizeFace', size=dic.X8.lr_size),
    dict(type='TakeAsInput'),
    dict(type='PackInputs'),
]
