"""SPARNetHD-Attn2D on FFHQ: blind restoration at 512x512.

Train:  tools/dist_train.sh configs/sparnet/sparnet-hd_attn2d_1xb2-10e_ffhq.py 1
Test:   tools/test.py configs/sparnet/sparnet-hd_attn2d_1xb2-10e_ffhq.py CHECKPOINT
        with --cfg-options lpips=True fid_reference=FOLDER for these two
Data:   FFHQ, linked by tools/dataset_converters/ffhq
Needs:  1 GPU of 24 GB, less with --cfg-options with_cp=True
        (counted, see README.md); VGG19 weights, fetched at the first iteration
Result: published figures and what is known of them: README.md beside this file
"""

_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/datasets/ffhq.py',
    '../_base_/evaluation/blind_512.py',
    './_base_/hd_model.py',
    './_base_/hd_pipelines.py',
]

from mmfacesr.models.sparnet import facts as sparnet

facts = sparnet.HD.to_dict()

train_dataloader = dict(
    batch_size=2,
    drop_last=True,
    sampler=dict(type='SeededSampler', shuffle=True),
    dataset=dict(pipeline=_base_.train_pipeline),
)
val_dataloader = dict(batch_size=1, dataset=dict(pipeline=_base_.val_pipeline))
test_dataloader = dict(
    batch_size=1, dataset=dict(pipeline=_base_.val_pipeline)
)

train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=10, val_interval=1)
# Rates, betas and the average below: those of the released training.
optim_wrapper = dict(
    constructor='MultiOptimWrapperConstructor',
    generator=dict(
        type='OptimWrapper',
        optimizer=dict(type='Adam', lr=1e-4, betas=(0.5, 0.99)),
    ),
    discriminator=dict(
        type='OptimWrapper',
        optimizer=dict(type='Adam', lr=4e-4, betas=(0.5, 0.99)),
    ),
)
model_wrapper_cfg = dict(type='MMSeparateDistributedDataParallel')
auto_scale_lr = dict(enable=False, base_batch_size=2)
log_processor = dict(by_epoch=True)
default_hooks = dict(checkpoint=dict(by_epoch=True, interval=1))
custom_hooks = [
    *_base_.custom_hooks,
    dict(type='GeneratorEMAHook', momentum=0.001),
]
