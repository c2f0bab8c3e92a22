"""How faces come to PFSRNet: in training, in tests and alone."""

_base_ = '../../_base_/degradations/bilinear_chain_x8.py'

from mmfacesr.models.pfsrnet import facts as pfsrnet

gt_size = pfsrnet.X8.gt_size
load_face = [
    dict(type='LoadFaceImage'),
    dict(type='LoadLandmarks', optional=True),  # a landmark head needs none
    dict(type='CropFace'),
    dict(type='ResizeFace', size=gt_size, interpolation='bilinear'),
]
make_sample = [
    *_base_.degradation,
    dict(type='DrawHeatmaps', size=gt_size // 2, sigma=1.5, optional=True),
    _base_.pack_inputs,
]
train_pipeline = [*load_face, *make_sample]
flipped_train_pipeline = [
    *load_face,
    dict(type='RandomFlipFace', prob=0.5),
    *make_sample,
]
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
    dict(type='ResizeFace', size=gt_size, interpolation='bilinear'),
    *_base_.degradation,
    _base_.pack_inputs,
]
# One face image, aligned or not: the largest central square, or the square
# around the sample's `box` (x0, y0, x1, y1), is reduced as in training. A
# file of 16x16 stays as it is.
inference_pipeline = [
    dict(type='LoadFaceImage'),
    dict(type='CropFace'),
    dict(type='ReduceFace', size=pfsrnet.X8.lr_size, first=gt_size),
    dict(type='TakeAsInput'),
    dict(type='PackInputs'),
]
