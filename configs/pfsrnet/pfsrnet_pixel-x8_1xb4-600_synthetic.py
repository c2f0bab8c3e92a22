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

_base_ = './pfsrnet_pixel-x8_1xb16-200k_celeba.py'

import os

channels_last = True
iters = 600
model = dict(
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

data_root = os.environ.get('DATA_ROOT') or 'data/faces'
train_dataloader = dict(
    batch_size=4,
    num_workers=1,
    dataset=dict(data_root=data_root, pipeline=_base_.flipped_train_pipeline),
)
val_dataloader = dict(
    batch_size=8, num_workers=1, dataset=dict(data_root=data_root)
)
test_dataloader = dict(
    batch_size=8, num_workers=1, dataset=dict(data_root=data_root)
)

train_cfg = dict(max_iters=iters, val_interval=150)
optim_wrapper = dict(generator=dict(optimizer=dict(betas=(0.9, 0.99))))
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
    checkpoint=dict(interval=150, max_keep_ckpts=4),  # the end of every step
    logger=dict(interval=20),
)
