"""DIC x8 on CelebA, the recipe of the paper's released training code.

Train:  tools/dist_train.sh configs/dic/dic_x8c48b6_1xb8-150k_celeba.py 1
Test:   tools/test.py configs/dic/dic_x8c48b6_1xb8-150k_celeba.py CHECKPOINT
Data:   converted by tools/dataset_converters/celeba, landmarks by
        tools/dataset_converters/extract_landmarks.py
Needs:  1 GPU of 24 GB (16 GB of activations at batch 8)
Result: published figures and what is known of them: README.md beside this file
"""

_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/datasets/celeba.py',
    './_base_/model.py',
    './_base_/pipelines.py',
    './_base_/evaluation.py',
]

from mmfacesr.models.dic import facts as dic

facts = dic.X8.to_dict()

train_dataloader = dict(
    batch_size=8, dataset=dict(pipeline=_base_.train_pipeline)
)
val_dataloader = dict(dataset=dict(pipeline=_base_.val_pipeline))
test_dataloader = dict(dataset=dict(pipeline=_base_.val_pipeline))

train_cfg = dict(
    type='IterBasedTrainLoop', max_iters=150_000, val_interval=2000
)
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=1e-4))
param_scheduler = dict(
    type='MultiStepLR',
    by_epoch=False,
    milestones=[10_000, 20_000, 40_000, 80_000],
    gamma=0.5,
)
auto_scale_lr = dict(enable=False, base_batch_size=8)
default_hooks = dict(checkpoint=dict(interval=2000))

# Weights of a pre-trained hourglass, for instance from
# dic_hourglass_1xb8-20k_celeba.py; without them it is not frozen.
custom_hooks = [
    *_base_.custom_hooks,
    dict(type='PretrainedHourglassHook', weights=None, frozen_iters=2000),
]
