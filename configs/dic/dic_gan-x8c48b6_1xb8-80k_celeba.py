"""DICGAN x8 on CelebA, fine-tuned from DIC as in the released training code.

Train:  tools/dist_train.sh configs/dic/dic_gan-x8c48b6_1xb8-80k_celeba.py 1
Test:   tools/test.py configs/dic/dic_gan-x8c48b6_1xb8-80k_celeba.py CHECKPOINT
Data:   converted by tools/dataset_converters/celeba, landmarks by
        tools/dataset_converters/extract_landmarks.py
Needs:  1 GPU of 24 GB (16 GB of activations at batch 8)
Result: published figures and what is known of them: README.md beside this file
"""

_base_ = './dic_x8c48b6_1xb8-150k_celeba.py'

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

train_cfg = dict(max_iters=80_000, val_interval=1000)
optim_wrapper = dict(
    _delete_=True,
    constructor='MultiOptimWrapperConstructor',
    generator=dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=1e-4)),
    discriminator=dict(
        type='OptimWrapper', optimizer=dict(type='Adam', lr=1e-4)
    ),
)
model_wrapper_cfg = dict(type='MMSeparateDistributedDataParallel')
param_scheduler = dict(milestones=[10_000, 20_000, 40_000])
default_hooks = dict(checkpoint=dict(interval=1000))

# Starts from the best DIC checkpoint, whose hourglass stays as it is:
# --cfg-options load_from=work_dirs/dic_x8c48b6_1xb8-150k_celeba/best_PSNR_iter_N.pth
custom_hooks = [
    *_base_.custom_hooks[:-1],
    dict(type='PretrainedHourglassHook', with_generator=True, frozen_iters=-1),
]
