"""PFSRNet x8 on CelebA, the recipe that its first author once published.

First distil the landmark head with distilled-fan_1xb16-11k_celeba.py; without
it attention is drawn from the landmark table and the heatmap loss left out.

Train:  tools/dist_train.sh configs/pfsrnet/pfsrnet_x8_1xb16-200k_celeba.py 1
        --cfg-options model.landmark_guidance.pretrained=HEAD_CHECKPOINT
Test:   tools/test.py configs/pfsrnet/pfsrnet_x8_1xb16-200k_celeba.py CHECKPOINT
Data:   aligned, 178x218, by tools/dataset_converters/celeba
Needs:  1 GPU of 16 GB
Result: published figures and what is known of them: README.md beside this file
"""

_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/datasets/celeba.py',
    './_base_/model.py',
    './_base_/pipelines.py',
    './_base_/evaluation.py',
]

from mmfacesr.models.pfsrnet import facts as pfsrnet

facts = pfsrnet.X8.to_dict()

# The largest central square, 178 of CelebA's 178x218: hair and chin are in.
crop_size = None
train_dataloader = dict(
    batch_size=16,
    drop_last=True,
    dataset=dict(pipeline=_base_.train_pipeline, crop_size=crop_size),
)
val_dataloader = dict(
    batch_size=16,
    dataset=dict(pipeline=_base_.val_pipeline, crop_size=crop_size),
)
test_dataloader = dict(
    batch_size=16,
    dataset=dict(pipeline=_base_.val_pipeline, crop_size=crop_size),
)

train_cfg = dict(
    type='IterBasedTrainLoop', max_iters=200_000, val_interval=5000
)
adam = dict(type='Adam', lr=1e-3, betas=(0.0, 0.99))
optim_wrapper = dict(
    constructor='MultiOptimWrapperConstructor',
    generator=dict(type='OptimWrapper', optimizer=adam),
    discriminator=dict(type='OptimWrapper', optimizer=adam),
)
auto_scale_lr = dict(enable=False, base_batch_size=16)
# Two of the three RGB heads, and in the first step all of the later stages,
# take no part in an iteration.
model_wrapper_cfg = dict(
    type='MMSeparateDistributedDataParallel', find_unused_parameters=True
)
default_hooks = dict(
    checkpoint=dict(type='LastStepCheckpointHook', interval=5000)
)
custom_hooks = [
    *_base_.custom_hooks,
    dict(type='ProgressiveStepHook'),
    # Several processes validate with the mean of their batch statistics.
    dict(type='SyncBuffersHook'),
]
