"""PFSRNet for a short run on a CPU, on the synthetic faces.

The full network and its three steps without discriminator and feature loss,
attention drawn from the landmark table, few iterations. `make quickstart`
trains it.

Train:  tools/train.py configs/pfsrnet/pfsrnet_pixel-x8_1xb4-600_synthetic.py
Test:   tools/test.py configs/pfsrnet/pfsrnet_pixel-x8_1xb4-600_synthetic.py CHECKPOINT
Data:   tools/dataset_converters/synthetic_faces/render_faces.py
Needs:  a CPU with 2 cores, 3 GB, about 7 minutes
Result: README.md beside this file
"""

_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/datasets/face_folder.py',
    '../_base_/models/pfsrnet_x8.py',
    '../_base_/evaluation/pfsrnet_x8.py',
]

channels_last = True
crop_size = None  # the largest central square, as of CelebA
iters = 600
model = dict(
    discriminator=None,
    gan_loss=None,
    feature_loss=None,
    drift_loss=None,
    schedule=[
        dict(size=32, iters=150, loss_weights=dict(pixel=10)),
        dict(
            size=64,
            iters=150,
            fade_iters=50,
            loss_weights=dict(pixel=10, attention=50),
        ),
        dict(
            size=128,
            iters=300,
            fade_iters=50,
            loss_weights=dict(pixel=10, attention=50),
        ),
    ],
)

train_pipeline = [
    *_base_.load_face,
    dict(type='RandomFlipFace', prob=0.5),
    *_base_.make_sample,
]
train_dataloader = dict(
    batch_size=4,
    num_workers=1,
    drop_last=True,
    dataset=dict(pipeline=train_pipeline, crop_size=crop_size),
)
val_dataloader = dict(
    num_workers=1,
    dataset=dict(pipeline=_base_.val_pipeline, crop_size=crop_size),
)
test_dataloader = dict(
    num_workers=1,
    dataset=dict(pipeline=_base_.val_pipeline, crop_size=crop_size),
)

train_cfg = dict(type='IterBasedTrainLoop', max_iters=iters, val_interval=150)
optim_wrapper = dict(
    _delete_=True,
    constructor='MultiOptimWrapperConstructor',
    generator=dict(
        type='OptimWrapper',
        optimizer=dict(type='Adam', lr=1e-3, betas=(0.9, 0.99)),
    ),
)
param_scheduler = [
    dict(type='LinearLR', by_epoch=False, start_factor=0.1, begin=0, end=30),
    dict(
        type='CosineAnnealingLR',
        by_epoch=False,
        begin=30,
        end=iters,
        eta_min=1e-5,
    ),
]
default_hooks = dict(
    # the end of every step is kept
    checkpoint=dict(
        type='LastStepCheckpointHook', interval=150, max_keep_ckpts=4
    ),
    logger=dict(interval=20),
)
custom_hooks = [*_base_.custom_hooks, *_base_.growing_hooks]
