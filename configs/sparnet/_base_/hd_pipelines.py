"""How faces come to SPARNetHD: in training, in tests and alone."""

_base_ = '../../_base_/degradations/blind_ffhq.py'

from mmfacesr.models.sparnet import facts as sparnet

gt_size = sparnet.HD.gt_size
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
