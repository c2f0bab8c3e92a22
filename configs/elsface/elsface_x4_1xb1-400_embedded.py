"""ELSFace x4 for a short run on a CPU, on the embedded faces.

The full network, losses and evaluation; a higher learning rate than the
paper's and few iterations. `make quickstart` trains it.

Train:  tools/train.py configs/elsface/elsface_x4_1xb1-400_embedded.py
Test:   tools/test.py configs/elsface/elsface_x4_1xb1-400_embedded.py CHECKPOINT
Data:   tools/dataset_converters/synthetic_faces/render_faces.py
Needs:  a CPU with 2 cores, 3 GB, about 6 minutes
Result: README.md beside this file
"""

_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/datasets/face_folder.py',
    '../_base_/models/elsface_x4.py',
    '../_base_/evaluation/elsface_x4.py',
]

channels_last = True
iters = 400
train_pipeline = [
    *_base_.load_face,
    dict(type='RandomFlipFace', prob=0.5),
    *_base_.degradation,
    dict(type='PackInputs'),
]
train_dataloader = dict(
    batch_size=1, num_workers=1, dataset=dict(pipeline=train_pipeline)
)
val_dataloader = dict(num_workers=1, dataset=dict(pipeline=_base_.pipeline))
test_dataloader = dict(num_workers=1, dataset=dict(pipeline=_base_.pipeline))

train_cfg = dict(
    _delete_=True,
    type='IterBasedTrainLoop',
    max_iters=iters,
    val_interval=200,
)
# Without norms, many short steps want a rate that is raised slowly and
# gradients that are clipped.
optim_wrapper = dict(
    optimizer=dict(lr=4e-4, betas=(0.9, 0.99)), clip_grad=dict(max_norm=1.0)
)
param_scheduler = [
    dict(type='LinearLR', by_epoch=False, start_factor=0.1, begin=0, end=60),
    dict(
        type='CosineAnnealingLR',
        by_epoch=False,
        begin=60,
        end=iters,
        eta_min=1e-5,
    ),
]
default_hooks = dict(checkpoint=dict(interval=100), logger=dict(interval=20))
