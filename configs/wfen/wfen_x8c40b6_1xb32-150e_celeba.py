"""WFEN x8 on CelebA, the recipe of the paper's released training code.

But for the weights that it starts from, see README.md.

Train:  tools/dist_train.sh configs/wfen/wfen_x8c40b6_1xb32-150e_celeba.py 1
Test:   tools/test.py configs/wfen/wfen_x8c40b6_1xb32-150e_celeba.py CHECKPOINT
Data:   faces cut out by boxes (tools/dataset_converters/celeba, not aligned)
Needs:  1 GPU; its memory is not measured yet
Result: what is known of the published figures: README.md beside this file
"""

_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/datasets/celeba.py',
    '../_base_/pipelines/enlarged_x8.py',
    './_base_/model.py',
    './_base_/evaluation.py',
]

from mmfacesr.models.wfen import facts as wfen

facts = wfen.X8.to_dict()

train_dataloader = dict(
    batch_size=32,
    drop_last=True,
    sampler=dict(type='SeededSampler', shuffle=True),
    dataset=dict(pipeline=_base_.released_train_pipeline),
)
val_dataloader = dict(dataset=dict(pipeline=_base_.val_pipeline))
test_dataloader = dict(dataset=dict(pipeline=_base_.val_pipeline))

train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=150, val_interval=1)
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='Adam', lr=2e-4, betas=(0.9, 0.99)),
)
auto_scale_lr = dict(enable=False, base_batch_size=32)
log_processor = dict(by_epoch=True)
default_hooks = dict(checkpoint=dict(by_epoch=True, interval=1))
