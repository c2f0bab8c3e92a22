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
    '../_base_/models/pfsrnet_x8.py',
    '../_base_/evaluation/pfsrnet_x8.py',
]

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
default_hooks = dict(
    checkpoint=dict(type='LastStepCheckpointHook', interval=5000)
)
custom_hooks = [*_base_.custom_hooks, *_base_.growing_hooks]
