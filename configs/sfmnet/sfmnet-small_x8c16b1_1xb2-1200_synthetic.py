"""A narrow SFMNet for a short run on a CPU, on the synthetic faces.

16 channels in place of 64 and one residual block in place of two; the same
data, losses and evaluation. `make quickstart` trains it.

Train:  tools/train.py configs/sfmnet/sfmnet-small_x8c16b1_1xb2-1200_synthetic.py
Test:   tools/test.py configs/sfmnet/sfmnet-small_x8c16b1_1xb2-1200_synthetic.py CHECKPOINT
Data:   tools/dataset_converters/synthetic_faces/render_faces.py
Needs:  a CPU with 2 cores, 2 GB, about 10 minutes
Result: README.md beside this file
"""

_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/datasets/face_folder.py',
    '../_base_/pipelines/enlarged_x8.py',
    './_base_/model.py',
    './_base_/evaluation.py',
]

from mmfacesr.models.sfmnet import facts as sfmnet

facts = sfmnet.X8.to_dict()

channels_last = True
model = dict(generator=dict(mid_channels=16, num_blocks=1))

train_dataloader = dict(
    batch_size=2, num_workers=1, dataset=dict(pipeline=_base_.train_pipeline)
)
val_dataloader = dict(
    num_workers=1, dataset=dict(pipeline=_base_.val_pipeline)
)
test_dataloader = dict(
    num_workers=1, dataset=dict(pipeline=_base_.val_pipeline)
)

train_cfg = dict(type='IterBasedTrainLoop', max_iters=1200, val_interval=400)
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='Adam', lr=1e-3, betas=(0.9, 0.99)),
)
param_scheduler = [
    dict(type='LinearLR', by_epoch=False, start_factor=0.1, begin=0, end=60),
    dict(
        type='CosineAnnealingLR',
        by_epoch=False,
        begin=60,
        end=1200,
        eta_min=1e-5,
    ),
]
default_hooks = dict(checkpoint=dict(interval=200), logger=dict(interval=20))
