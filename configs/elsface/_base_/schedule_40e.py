"""ELSFace's 40 epochs: Adam, a rate that goes down linearly by the epoch."""

max_epochs = 40
train_cfg = dict(
    type='EpochBasedTrainLoop', max_epochs=max_epochs, val_interval=1
)
# Coupled weight decay, as Adam has it.
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='Adam', lr=1e-4, weight_decay=1e-5),
)
# lr = 1e-4 * (1 - epoch / 40). mmengine's PolyLR is at its minimum one epoch
# before `end`, which would leave nothing for the last of 40.
param_scheduler = dict(
    type='PolyLR', power=1, eta_min=0, begin=0, end=max_epochs + 1
)
auto_scale_lr = dict(enable=False, base_batch_size=16)
