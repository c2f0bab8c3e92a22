"""DICGAN x8 on CelebA-HQ, the recipe of MMagic's DICGAN: from scratch,
adversarial after 10k iterations, two discriminator updates an iteration.

Train:  tools/dist_train.sh configs/dic/dic_gan-x8c48b6_4xb2-500k_celeba-hq.py 4
Test:   tools/test.py configs/dic/dic_gan-x8c48b6_4xb2-500k_celeba-hq.py CHECKPOINT
Data:   converted by tools/dataset_converters/celeba_hq, landmarks by
        tools/dataset_converters/extract_landmarks.py
Needs:  4 GPUs; about 2 GB of activations an image
Result: published figures and what is known of them: README.md beside this file
"""

_base_ = './dic_gan-x8c48b6_1xb8-80k_celeba.py'

import os

model = dict(train_cfg=dict(pixel_init=10_000, disc_repeat=2))

data_root = os.environ.get('DATA_ROOT') or 'data/celeba-hq'
train_dataloader = dict(batch_size=2, dataset=dict(data_root=data_root))
val_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = dict(dataset=dict(data_root=data_root))

train_cfg = dict(max_iters=500_000, val_interval=5000)
optim_wrapper = dict(discriminator=dict(optimizer=dict(lr=1e-5)))
param_scheduler = dict(milestones=[100_000, 200_000, 300_000, 400_000])
default_hooks = dict(checkpoint=dict(interval=5000))
custom_hooks = _base_.custom_hooks[:-1]  # no pre-trained hourglass
