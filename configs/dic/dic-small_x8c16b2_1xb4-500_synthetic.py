"""A small DIC for a short run on a CPU, on the synthetic faces.

Two steps, two groups and narrow layers; the same data, losses and evaluation
as the full network. `make quickstart` trains it.

Train:  tools/train.py configs/dic/dic-small_x8c16b2_1xb4-500_synthetic.py
Test:   tools/test.py configs/dic/dic-small_x8c16b2_1xb4-500_synthetic.py CHECKPOINT
Data:   tools/dataset_converters/synthetic_faces/render_faces.py
Needs:  a CPU with 2 cores, 2 GB, about 10 minutes
Result: README.md beside this file
"""

_base_ = './dic_x8c48b6_1xb8-150k_celeba.py'

import os

channels_last = True
model = dict(
    generator=dict(
        mid_channels=16, num_blocks=2, num_steps=2, hg_mid_channels=64
    )
)

data_root = os.environ.get('DATA_ROOT') or 'data/faces'
train_dataloader = dict(
    batch_size=4, num_workers=1, dataset=dict(data_root=data_root)
)
val_dataloader = dict(num_workers=1, dataset=dict(data_root=data_root))
test_dataloader = dict(num_workers=1, dataset=dict(data_root=data_root))

train_cfg = dict(max_iters=500, val_interval=250)
optim_wrapper = dict(optimizer=dict(lr=1e-3))
param_scheduler = dict(
    _delete_=True,
    type='CosineAnnealingLR',
    by_epoch=False,
    T_max=500,
    eta_min=1e-5,
)
default_hooks = dict(checkpoint=dict(interval=100), logger=dict(interval=20))
custom_hooks = _base_.custom_hooks[:-1]  # no pre-trained hourglass
