"""DICGAN, 16x16 to 128x128: DIC with a discriminator and a feature loss."""

_base_ = './dic_x8.py'

model = dict(
    type='DICGANRestorer',
    discriminator=dict(type='DICDiscriminator'),
    gan_loss=dict(
        type='GANLoss',
        gan_type='vanilla',
        loss_weight=0.005,
        real_label_val=1.0,
        fake_label_val=0,
    ),
    # Built at its first use. Where its weights cannot be had, train without:
    # --cfg-options model.feature_loss.loss_weight=0
    feature_loss=dict(
        type='FaceFeatureLoss',
        pretrained='https://download.openmmlab.com/mmediting/restorers/dic/'
        'light_cnn_feature.pth',
        loss_weight=0.1,
    ),
)

model_wrapper_cfg = dict(type='MMSeparateDistributedDataParallel')
optim_wrapper = dict(
    _delete_=True,
    constructor='MultiOptimWrapperConstructor',
    generator=dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=1e-4)),
    discriminator=dict(
        type='OptimWrapper', optimizer=dict(type='Adam', lr=1e-4)
    ),
)
