"""DIC x8 on Helen, the recipe of the paper's released training code.

Train:  tools/dist_train.sh configs/dic/dic_x8c48b6_1xb8-150k_helen.py 1
Test:   tools/test.py configs/dic/dic_x8c48b6_1xb8-150k_helen.py CHECKPOINT
Data:   converted by tools/dataset_converters/helen, landmarks by
        tools/dataset_converters/extract_landmarks.py
Needs:  1 GPU of 24 GB (16 GB of activations at batch 8)
Result: published figures and what is known of them: README.md beside this file
"""

_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/datasets/helen.py',
    '../_base_/models/dic_x8.py',
    '../_base_/evaluation/dic_x8.py',
]

train_dataloader = dict(
    batch_size=8, dataset=dict(pipeline=_base_.helen_train_pipeline)
)
val_dataloader = dict(dataset=dict(pipeline=_base_.val_pipeline))
test_dataloader = dict(dataset=dict(pipeline=_base_.val_pipeline))

train_cfg = dict(
    type='IterBasedTrainLoop', max_iters=150_000, val_interval=2000
)
param_scheduler = dict(
    type='MultiStepLR',
    by_epoch=False,
    milestones=[10_000, 20_000, 40_000, 80_000],
    gamma=0.5,
)
default_hooks = dict(checkpoint=dict(interval=2000))

# Weights of a pre-trained hourglass, for instance from
# dic_hourglass_1xb8-20k_celeba.py; without them it is not frozen.
custom_hooks = [
    *_base_.custom_hooks,
    dict(type='PretrainedHourglassHook', weights=None, frozen_iters=20_000),
]
