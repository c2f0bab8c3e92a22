"""DICGAN x8 on CelebA, fine-tuned from DIC as in the released training code.

Train:  tools/dist_train.sh configs/dic/dic_gan-x8c48b6_1xb8-80k_celeba.py 1
Test:   tools/test.py configs/dic/dic_gan-x8c48b6_1xb8-80k_celeba.py CHECKPOINT
Data:   converted by tools/dataset_converters/celeba, landmarks by
        tools/dataset_converters/extract_landmarks.py
Needs:  1 GPU of 24 GB (16 GB of activations at batch 8)
Result: published figures and what is known of them: README.md beside this file
"""

_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/datasets/celeba.py',
    '../_base_/models/dic_gan_x8.py',
    '../_base_/evaluation/dic_x8.py',
]

train_dataloader = dict(
    batch_size=8, dataset=dict(pipeline=_base_.train_pipeline)
)
val_dataloader = dict(dataset=dict(pipeline=_base_.val_pipeline))
test_dataloader = dict(dataset=dict(pipeline=_base_.val_pipeline))

train_cfg = dict(
    type='IterBasedTrainLoop', max_iters=80_000, val_interval=1000
)
param_scheduler = dict(
    type='MultiStepLR',
    by_epoch=False,
    milestones=[10_000, 20_000, 40_000],
    gamma=0.5,
)
default_hooks = dict(checkpoint=dict(interval=1000))

# Starts from the best DIC checkpoint, whose hourglass stays as it is:
# --cfg-options load_from=work_dirs/dic_x8c48b6_1xb8-150k_celeba/best_PSNR_iter_N.pth
custom_hooks = [
    *_base_.custom_hooks,
    dict(type='PretrainedHourglassHook', with_generator=True, frozen_iters=-1),
]
