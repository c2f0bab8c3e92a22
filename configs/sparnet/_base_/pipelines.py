"""How faces come to SPARNet: in training, in tests and alone.

The LR face is enlarged by Pillow bicubic in 8 bit.
"""

_base_ = '../../_base_/degradations/bicubic_x8_enlarged.py'

from mmfacesr.models.sparnet import facts as sparnet

gt_size = sparnet.X8.gt_size
load_face = [
    dict(type='LoadFaceImage'),
    dict(type='CropFace'),
    dict(type='ResizeFace', size=gt_size),
]
make_sample = [*_base_.degradation, dict(type='PackInputs')]
# What the released code does to faces cut out by boxes, not aligned: a random
# part of random proportions, squeezed into the square.
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
