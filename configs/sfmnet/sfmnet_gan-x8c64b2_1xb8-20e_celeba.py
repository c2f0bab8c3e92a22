"""SFMGAN x8 on CelebA, fine-tuned from SFMNet as in the released code.

Its three faults are mended, see README.md. How long it was trained is not
known; 20 epochs are ours.

Train:  tools/dist_train.sh configs/sfmnet/sfmnet_gan-x8c64b2_1xb8-20e_celeba.py 1
Test:   tools/test.py configs/sfmnet/sfmnet_gan-x8c64b2_1xb8-20e_celeba.py CHECKPOINT
Data:   as sfmnet_x8c64b2_1xb8-400e_celeba.py
Needs:  1 GPU; its memory is not measured yet. VGG19 weights, fetched at the
        first iteration
Result: published figures and what is known of them: README.md beside this file
"""

_base_ = './sfmnet_x8c64b2_1xb8-400e_celeba.py'

gan_loss = dict(
    type='GANLoss',
    gan_type='vanilla',
    real_label_val=1.0,
    fake_label_val=0,
)
model = dict(
    type='SFMGANRestorer',
    discriminator=dict(type='SFMNetDiscriminator'),
    gan_loss=dict(**gan_loss, loss_weight=0.0005),
    spectrum_gan_loss=dict(**gan_loss, loss_weight=0.1),
    # conv5_4 before its ReLU. Where the weights cannot be had, train without:
    # --cfg-options model.feature_loss.loss_weight=0
    feature_loss=dict(
        type='VGGFeatureLoss',
        network='vgg19',
        layers=(34,),
        criterion='l1',
        value_range=(0, 1),
        imagenet_norm=False,
        loss_weight=0.1,
    ),
)

train_cfg = dict(max_epochs=20)
optim_wrapper = dict(
    _delete_=True,
    constructor='MultiOptimWrapperConstructor',
    generator=dict(
        type='OptimWrapper',
        optimizer=dict(type='Adam', lr=1e-4, betas=(0.9, 0.99)),
    ),
    discriminator=dict(
        type='OptimWrapper',
        optimizer=dict(type='Adam', lr=1e-4, betas=(0.9, 0.99)),
    ),
)
model_wrapper_cfg = dict(type='MMSeparateDistributedDataParallel')

# Starts from the best SFMNet checkpoint:
# --cfg-options load_from=work_dirs/sfmnet_x8c64b2_1xb8-400e_celeba/best_PSNR_epoch_N.pth
