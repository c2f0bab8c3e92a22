"""ELSFace on a CPU: few faces, one at a time.

Without norms, many short steps want a rate that is raised slowly and gradients
that are clipped.
"""

iters = 1750
train_cfg = dict(type='IterBasedTrainLoop', max_iters=iters, val_interval=250)
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='Adam', lr=4e-4, betas=(0.9, 0.99), weight_decay=1e-5),
    clip_grad=dict(max_norm=1.0),
)
param_scheduler = [
    dict(type='LinearLR', by_epoch=False, start_factor=0.1, begin=0, end=60),
    dict(
        type='CosineAnnealingLR',
        by_epoch=False,
        begin=60,
        end=iters,
        eta_min=1e-5,
    ),
]
