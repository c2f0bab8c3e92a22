"""For networks that do not change the size: LR faces of 16x16 come enlarged.

In training, in tests and alone, by Pillow bicubic in 8 bit to 128x128.
"""

_base_ = '../degradations/bicubic_x8_enlarged.py'

gt_size = _base_.gt_size
load_face = [
    dict(type='LoadFaceImage'),
    dict(type='CropFace'),
    dict(type='ResizeFace', size=gt_size),
]
make_sample = [*_base_.degradation, dict(type='PackInputs')]
# For faces cut out by boxes, not aligned: a random part of random proportions,
# squeezed into the square.
released_train_pipeline = [
    *load_face,
    dict(type='RandomFlipFace', prob=0.5),
    dict(type='RandomResizedCropFace', size=gt_size),
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
