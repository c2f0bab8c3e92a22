"""SPARNet x8 on CelebA, the recipe of the paper's released training code.

Train:  tools/dist_train.sh configs/sparnet/sparnet_attn2d-x8_1xb32-20e_celeba.py 1
Test:   tools/test.py configs/sparnet/sparnet_attn2d-x8_1xb32-20e_celeba.py CHECKPOINT
Data:   faces cut out by boxes (tools/dataset_converters/celeba, not aligned);
        for aligned ones see README.md
Needs:  1 GPU of 24 GB (6 GB of activations at batch 32)
Result: published figures and what is known of them: README.md beside this file
"""

_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/datasets/celeba.py',
    './_base_/model.py',
    '../_base_/pipelines/enlarged_x8.py',
    './_base_/evaluation.py',
]

from mmfacesr.models.sparnet import facts as sparnet

facts = sparnet.X8.to_dict()

train_dataloader = dict(
    batch_size=32,
    drop_last=True,
    sampler=dict(type='SeededSampler', shuffle=True),
    dataset=dict(pipeline=_base_.released_train_pipeline),
)
val_dataloader = dict(dataset=dict(pipeline=_base_.val_pipeline))
test_dataloader = dict(dataset=dict(pipeline=_base_.val_pipeline))

train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=20, val_interval=1)
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='Adam', lr=2e-4, betas=(0.9, 0.99)),
)
auto_scale_lr = dict(enable=False, base_batch_size=32)
log_processor = dict(by_epoch=True)
default_hooks = dict(checkpoint=dict(by_epoch=True, interval=1))
custom_hooks = [
    *_base_.custom_hooks,
    # Several processes validate with the mean of their batch statistics.
    dict(type='SyncBuffersHook'),
]
