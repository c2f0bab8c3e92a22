"""A small DIC for a short run on a CPU, on the synthetic faces.

Two steps, two groups and narrow layers; the same data, losses and evaluation
as the full network. `make quickstart` trains it.

Train:  tools/train.py configs/dic/dic-small_x8c16b2_1xb4-500_synthetic.py
Test:   tools/test.py configs/dic/dic-small_x8c16b2_1xb4-500_synthetic.py CHECKPOINT
Data:   tools/dataset_converters/synthetic_faces/render_faces.py
Needs:  a CPU with 2 cores, 2 GB, about 10 minutes
Result: README.md beside this file
"""

_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/datasets/face_folder.py',
    '../_base_/models/dic_x8.py',
    '../_base_/evaluation/dic_x8.py',
]

channels_last = True
model = dict(
    generator=dict(
        mid_channels=16, num_blocks=2, num_steps=2, hg_mid_channels=64
    )
)

train_dataloader = dict(
    batch_size=4, num_workers=1, dataset=dict(pipeline=_base_.train_pipeline)
)
val_dataloader = dict(
    num_workers=1, dataset=dict(pipeline=_base_.val_pipeline)
)
test_dataloader = dict(
    num_workers=1, dataset=dict(pipeline=_base_.val_pipeline)
)

train_cfg = dict(type='IterBasedTrainLoop', max_iters=500, val_interval=250)
optim_wrapper = dict(optimizer=dict(lr=1e-3))
param_scheduler = dict(
    type='CosineAnnealingLR', by_epoch=False, T_max=500, eta_min=1e-5
)
default_hooks = dict(checkpoint=dict(interval=100), logger=dict(interval=20))
