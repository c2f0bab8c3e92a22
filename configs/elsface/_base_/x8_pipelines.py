"""How faces come to ELSFace x8: in training, in tests and alone."""

_base_ = '../../_base_/degradations/opencv_cubic_x8.py'

from mmfacesr.models.elsface import facts as elsface

gt_size = elsface.X8.gt_size
load_face = [
    dict(type='LoadFaceImage'),
    dict(type='CropFace'),
    dict(type='ResizeFace', size=gt_size),
]
pipeline = [
    *load_face,
    *_base_.degradation,
    dict(type='PackInputs'),
]
flipped_pipeline = [
    *load_face,
    dict(type='RandomFlipFace', prob=0.5),
    *_base_.degradation,
    dict(type='PackInputs'),
]
# A face of any size; one that is not larger than those of the training is
# reduced only once, and a 16x16 file stays as it is.
inference_pipeline = [
    *load_face[:-1],
    dict(type='ResizeFace', size=gt_size, only_reduce=True),
    dict(
        type='Resize',
        keys=['gt'],
        scale=(elsface.X8.lr_size, elsface.X8.lr_size),
        keep_ratio=False,
        interpolation='bicubic',
        backend='cv2',
    ),
    dict(type='TakeAsInput'),
    dict(type='PackInputs'),
]
