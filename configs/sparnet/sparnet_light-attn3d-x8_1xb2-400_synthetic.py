"""SPARNet-Light for a short run on a CPU, on the synthetic faces.

The full network, data, loss and evaluation; a higher learning rate than the
paper's and few iterations. `make quickstart` trains it.

Train:  tools/train.py configs/sparnet/sparnet_light-attn3d-x8_1xb2-400_synthetic.py
Test:   tools/test.py configs/sparnet/sparnet_light-attn3d-x8_1xb2-400_synthetic.py CHECKPOINT
Data:   tools/dataset_converters/synthetic_faces/render_faces.py
Needs:  a CPU with 2 cores, 3 GB, about 5 minutes
Result: README.md beside this file
"""

_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/datasets/face_folder.py',
    './_base_/model.py',
    '../_base_/pipelines/enlarged_x8.py',
    './_base_/evaluation.py',
]

from mmfacesr.models.sparnet import facts as sparnet

facts = sparnet.X8.to_dict()

channels_last = True
model = dict(generator=dict(res_depth=1, att_name='spar3d'))

train_dataloader = dict(
    batch_size=2, num_workers=1, dataset=dict(pipeline=_base_.train_pipeline)
)
val_dataloader = dict(
    num_workers=1, dataset=dict(pipeline=_base_.val_pipeline)
)
test_dataloader = dict(
    num_workers=1, dataset=dict(pipeline=_base_.val_pipeline)
)

train_cfg = dict(type='IterBasedTrainLoop', max_iters=400, val_interval=200)
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='Adam', lr=1e-3, betas=(0.9, 0.99)),
)
auto_scale_lr = dict(enable=False, base_batch_size=32)
param_scheduler = [
    dict(type='LinearLR', by_epoch=False, start_factor=0.1, begin=0, end=30),
    dict(
        type='CosineAnnealingLR',
        by_epoch=False,
        begin=30,
        end=400,
        eta_min=1e-5,
    ),
]
default_hooks = dict(checkpoint=dict(interval=100), logger=dict(interval=20))
custom_hooks = [
    *_base_.custom_hooks,
    # Several processes validate with the mean of their batch statistics.
    dict(type='SyncBuffersHook'),
]
