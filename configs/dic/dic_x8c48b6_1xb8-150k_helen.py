"""DIC x8 on Helen, the recipe of the paper's released training code.

Train:  tools/dist_train.sh configs/dic/dic_x8c48b6_1xb8-150k_helen.py 1
Test:   tools/test.py configs/dic/dic_x8c48b6_1xb8-150k_helen.py CHECKPOINT
Data:   converted by tools/dataset_converters/helen, landmarks by
        tools/dataset_converters/extract_landmarks.py
Needs:  1 GPU of 24 GB (16 GB of activations at batch 8)
Result: published figures and what is known of them: README.md beside this file
"""

_base_ = './dic_x8c48b6_1xb8-150k_celeba.py'

import os

data_root = os.environ.get('DATA_ROOT') or 'data/helen'
train_dataloader = dict(
    dataset=dict(data_root=data_root, pipeline=_base_.helen_train_pipeline)
)
val_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = dict(dataset=dict(data_root=data_root))

# Frozen ten times as long as on CelebA.
custom_hooks = [
    *_base_.custom_hooks[:-1],
    dict(type='PretrainedHourglassHook', weights=None, frozen_iters=20_000),
]
