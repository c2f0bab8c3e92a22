"""DICGAN x8 on CelebA-HQ, the recipe of MMagic's DICGAN: from scratch,
adversarial after 10k iterations, two discriminator updates an iteration.

Train:  tools/dist_train.sh configs/dic/dic_gan-x8c48b6_4xb2-500k_celeba-hq.py 4
Test:   tools/test.py configs/dic/dic_gan-x8c48b6_4xb2-500k_celeba-hq.py CHECKPOINT
Data:   converted by tools/dataset_converters/celeba_hq, landmarks by
        tools/dataset_converters/extract_landmarks.py
Needs:  4 GPUs; about 2 GB of activations an image
Result: published figures and what is known of them: README.md beside this file
"""

_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/datasets/celeba_hq.py',
    '../_base_/models/dic_gan_x8.py',
    '../_base_/evaluation/dic_x8.py',
]

train_dataloader = dict(
    batch_size=2, dataset=dict(pipeline=_base_.train_pipeline)
)
val_dataloader = dict(dataset=dict(pipeline=_base_.val_pipeline))
test_dataloader = dict(dataset=dict(pipeline=_base_.val_pipeline))

train_cfg = dict(
    type='IterBasedTrainLoop', max_iters=500_000, val_interval=5000
)
param_scheduler = dict(
    type='MultiStepLR',
    by_epoch=False,
    milestones=[100_000, 200_000, 300_000, 400_000],
    gamma=0.5,
)
default_hooks = dict(checkpoint=dict(interval=5000))

model = dict(train_cfg=dict(pixel_init=10_000, disc_repeat=2))
optim_wrapper = dict(discriminator=dict(optimizer=dict(lr=1e-5)))
