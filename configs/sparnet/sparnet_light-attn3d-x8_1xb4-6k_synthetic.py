"""SPARNet-Light on synthetic faces alone, drawn while it trains, for any kernel.

4,000 people as in snapshots, bent, framed, colored, softened and reduced at
random each time. No photograph of a person is used.

Train:  tools/train.py configs/sparnet/sparnet_light-attn3d-x8_1xb4-6k_synthetic.py --amp
Test:   tools/test.py configs/sparnet/sparnet_light-attn3d-x8_1xb4-6k_synthetic.py CHECKPOINT --data FACES
Data:   none
Needs:  a CPU with 2 cores and bfloat16, 4 GB, about 2 hours
Result: README.md beside this file
"""

_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/datasets/face_folder.py',
    './_base_/model.py',
    '../_base_/pipelines/any_kernel_x8.py',
    './_base_/evaluation.py',
]

from mmfacesr.models.sparnet import facts as sparnet

facts = sparnet.X8.to_dict()

channels_last = True
model = dict(
    generator=dict(res_depth=1, att_name='spar3d'),
    # The mean of what is likely, not its median: drawn faces are not quite
    # like real ones, and bold guesses cost most.
    pixel_loss=dict(type='MSELoss'),
)

# How sharp photographs are is not known: from as drawn to as enlarged ones.
soften = dict(
    type='RandomBlur',
    keys=['gt'],
    params=dict(
        kernel_size=[13],
        kernel_list=['iso'],
        kernel_prob=[1.0],
        sigma_x=[0.3, 2.0],
        sigma_y=[0.3, 2.0],
    ),
)
train_pipeline = [
    dict(type='DrawFace', size=160, look='snapshot', keep=4000),
    dict(type='RandomElasticFace', amplitude=3.5, spacing=32),
    dict(type='RandomFlipFace', prob=0.5),
    dict(
        type='RandomFramingFace',
        size=_base_.gt_size,
        degrees=4.0,
        scale=(0.93, 1.10),
        stretch=(0.94, 1.12),
        shift=3.0,
    ),
    soften,
    dict(
        type='ColorJitterFace',
        brightness=0.3,
        contrast=(0.7, 1.6),
        saturation=0.5,
        hue=0.05,
    ),
    _base_.reduce_anyhow,
    _base_.enlarge,
    dict(type='PackInputs'),
]
train_dataloader = dict(
    batch_size=4,
    num_workers=1,
    dataset=dict(
        _delete_=True,
        type='SyntheticFaces',
        split='train',
        num_faces=4000,
        pipeline=train_pipeline,
    ),
)
drawn_val_pipeline = [
    dict(type='DrawFace', size=160, look='snapshot'),
    dict(type='CropFace', crop_size=_base_.gt_size),
    *_base_.make_sample,
]
val_dataloader = dict(
    num_workers=1,
    dataset=dict(
        _delete_=True,
        type='SyntheticFaces',
        split='val',
        num_faces=64,
        test_mode=True,
        pipeline=drawn_val_pipeline,
    ),
)
test_dataloader = dict(
    num_workers=1, dataset=dict(pipeline=_base_.val_pipeline)
)

train_cfg = dict(type='IterBasedTrainLoop', max_iters=6000, val_interval=2000)
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='Adam', lr=1e-3, betas=(0.9, 0.99)),
)
auto_scale_lr = dict(enable=False, base_batch_size=32)
param_scheduler = [
    dict(type='LinearLR', by_epoch=False, start_factor=0.1, begin=0, end=200),
    dict(
        type='CosineAnnealingLR',
        by_epoch=False,
        begin=200,
        end=6000,
        eta_min=1e-5,
    ),
]
default_hooks = dict(checkpoint=dict(interval=250), logger=dict(interval=50))
custom_hooks = [
    *_base_.custom_hooks,
    dict(type='SyncBuffersHook'),
]
