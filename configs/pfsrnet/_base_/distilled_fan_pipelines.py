"""How faces come to PFSRNet's landmark head: in its training and its tests."""

_base_ = []

from mmfacesr.models.pfsrnet import facts as pfsrnet

gt_size = pfsrnet.X8.gt_size // 2
load_face = [
    dict(type='LoadFaceImage'),
    dict(type='LoadLandmarks', optional=True),  # a teacher needs none
    dict(type='CropFace'),
    # The two stages of PFSRNet's own chain of reductions.
    dict(type='ResizeFace', size=pfsrnet.X8.gt_size, interpolation='bilinear'),
    dict(type='ResizeFace', size=gt_size, interpolation='bilinear'),
]
make_sample = [
    dict(type='DrawHeatmaps', size=gt_size, sigma=1.5, optional=True),
    dict(type='TakeAsInput'),
    dict(type='PackInputs', meta_keys=['gt_landmark']),
]
train_pipeline = [
    *load_face,
    dict(type='RandomFlipFace', prob=0.5),
    *make_sample,
]
test_pipeline = [*load_face, *make_sample]
