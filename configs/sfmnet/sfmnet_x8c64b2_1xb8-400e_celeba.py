"""SFMNet x8 on CelebA, the recipe of the paper's released training code.

No augmentation, a constant rate. 400 epochs of 168,854 faces are 8.4 million
iterations; train_cfg.max_epochs=20 is a training of days.

Train:  tools/dist_train.sh configs/sfmnet/sfmnet_x8c64b2_1xb8-400e_celeba.py 1
Test:   tools/test.py configs/sfmnet/sfmnet_x8c64b2_1xb8-400e_celeba.py CHECKPOINT
Data:   converted by tools/dataset_converters/celeba, landmarks by
        tools/dataset_converters/extract_landmarks.py
Needs:  1 GPU; its memory is not measured yet
Result: published figures and what is known of them: README.md beside this file
"""

_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/datasets/celeba.py',
    '../_base_/pipelines/enlarged_x8.py',
    './_base_/model.py',
    './_base_/evaluation.py',
]

from mmfacesr.models.sfmnet import facts as sfmnet

facts = sfmnet.X8.to_dict()

train_dataloader = dict(
    batch_size=8,
    drop_last=True,
    sampler=dict(type='SeededSampler', shuffle=True),
    dataset=dict(pipeline=_base_.val_pipeline),
)
val_dataloader = dict(dataset=dict(pipeline=_base_.val_pipeline))
test_dataloader = dict(dataset=dict(pipeline=_base_.val_pipeline))

train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=400, val_interval=1)
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='Adam', lr=1e-4, betas=(0.9, 0.99)),
)
auto_scale_lr = dict(enable=False, base_batch_size=8)
log_processor = dict(by_epoch=True)
default_hooks = dict(checkpoint=dict(by_epoch=True, interval=1))
