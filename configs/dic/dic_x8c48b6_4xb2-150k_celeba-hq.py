"""DIC x8 on CelebA-HQ, the recipe of MMagic's DIC.

Train:  tools/dist_train.sh configs/dic/dic_x8c48b6_4xb2-150k_celeba-hq.py 4
Test:   tools/test.py configs/dic/dic_x8c48b6_4xb2-150k_celeba-hq.py CHECKPOINT
Data:   converted by tools/dataset_converters/celeba_hq, landmarks by
        tools/dataset_converters/extract_landmarks.py
Needs:  4 GPUs; about 2 GB of activations an image
Result: published figures and what is known of them: README.md beside this file
"""

_base_ = './dic_x8c48b6_1xb8-150k_celeba.py'

import os

data_root = os.environ.get('DATA_ROOT') or 'data/celeba-hq'
train_dataloader = dict(batch_size=2, dataset=dict(data_root=data_root))
val_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = dict(dataset=dict(data_root=data_root))

custom_hooks = _base_.custom_hooks[:-1]  # no pre-trained hourglass
