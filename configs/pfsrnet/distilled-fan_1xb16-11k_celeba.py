"""Distils the landmark head of PFSRNet, from the landmark table or a teacher.

Without a teacher it learns to draw a Gaussian at each point of the table.
From 2D-FAN, as published: --cfg-options model.teacher=FILE_OR_URL, a
TorchScript file of the package face-alignment; its URL is in README.md.
(Validation and test measure points of the table.)

Train:  tools/dist_train.sh configs/pfsrnet/distilled-fan_1xb16-11k_celeba.py 1
Test:   tools/test.py configs/pfsrnet/distilled-fan_1xb16-11k_celeba.py CHECKPOINT
        --baseline instead of CHECKPOINT measures the mean face
Use:    the checkpoint is model.landmark_guidance.pretrained of
        pfsrnet_x8_1xb16-200k_celeba.py
Data:   aligned, 178x218, by tools/dataset_converters/celeba, landmarks by
        tools/dataset_converters/extract_landmarks.py
Needs:  1 GPU of 4 GB
Result: landmark NME of the split `test`; not trained at full length yet
"""

_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/datasets/celeba.py',
    './_base_/distilled_fan_pipelines.py',
    './_base_/distilled_fan_evaluation.py',
]

# Settings that `tools/*.py --cfg-options NAME=VALUE` reach.
crop_size = None  # the largest central square: 178 of CelebA's 178x218

model = dict(
    type='FANDistillation',
    teacher=None,
    generator=dict(type='DistilledFANHead', num_keypoints=68),
    pixel_loss=dict(type='ForegroundMSELoss'),
    data_preprocessor=dict(
        type='DataPreprocessor', mean=[0, 0, 0], std=[255, 255, 255]
    ),
)

train_dataloader = dict(
    batch_size=16,
    dataset=dict(pipeline=_base_.train_pipeline, crop_size=crop_size),
)
val_dataloader = dict(
    dataset=dict(pipeline=_base_.test_pipeline, crop_size=crop_size)
)
test_dataloader = dict(
    dataset=dict(pipeline=_base_.test_pipeline, crop_size=crop_size)
)

train_cfg = dict(
    type='IterBasedTrainLoop', max_iters=11_000, val_interval=1000
)
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=1e-3))
param_scheduler = [
    dict(type='LinearLR', by_epoch=False, start_factor=0.1, begin=0, end=200),
    dict(
        type='CosineAnnealingLR',
        by_epoch=False,
        begin=200,
        end=11_000,
        eta_min=1e-5,
    ),
]
default_hooks = dict(
    checkpoint=dict(interval=1000, save_best='NME-inner51', rule='less')
)
custom_hooks = [
    *_base_.custom_hooks,
    dict(type='ForegroundWeightHook', first=50.0, last=1.0),
    # Several processes validate with the mean of their batch statistics.
    dict(type='SyncBuffersHook'),
]
