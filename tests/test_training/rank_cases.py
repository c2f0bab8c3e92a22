# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Small trainings of every kind, for processes that are compared."""

LOSSES = dict(
    pixel_loss=dict(type='L1Loss', loss_weight=1.0),
    align_loss=dict(type='MSELoss', loss_weight=0.1),
    data_preprocessor=dict(
        type='DataPreprocessor', mean=[129.795, 108.12, 96.39], std=[255] * 3
    ),
)
ADAM = dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=1e-3))
SLOW_ADAM = dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=1e-4))
SLOWEST_ADAM = dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=1e-5))
SGD = dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=1e-2))
VANILLA = dict(gan_type='vanilla', real_label_val=1.0, fake_label_val=0)
SFMNET = dict(
    generator=dict(type='SFMNet', mid_channels=8, num_blocks=1),
    pixel_loss=dict(type='L1Loss', loss_weight=1.0),
    spectral_loss=dict(type='SpectralLoss'),
    data_preprocessor=dict(
        type='DataPreprocessor', mean=[0] * 3, std=[255] * 3
    ),
)
DIC = dict(
    type='DICGenerator',
    mid_channels=8,
    num_blocks=1,
    num_steps=2,
    hg_mid_channels=16,
)
SPARNET = dict(type='SPARNet', min_ch=4, max_ch=8, res_depth=1)
SEPARATE = dict(type='MMSeparateDistributedDataParallel')
PARTLY_USED = dict(find_unused_parameters=True, **SEPARATE)
GROWING = dict(
    type='ProgressiveRestorer',
    generator=dict(type='PFSRNet', mid_channels=32),
    pixel_loss=dict(type='L1Loss', loss_weight=1.0),
    # Without weights of the head attention comes from the samples.
    landmark_guidance=dict(
        head=dict(type='DistilledFANHead'),
        attention_loss=dict(type='FacialAttentionLoss'),
        heatmap_loss=dict(type='HeatmapLoss'),
    ),
    data_preprocessor=dict(
        type='DataPreprocessor',
        mean=[127.5] * 3,
        std=[127.5] * 3,
        data_keys=['gt_img', 'gt_x4', 'gt_x2'],
    ),
)


def both(wrapper: dict) -> dict:
    """The optimizers of a generator and a discriminator."""
    return dict(
        constructor='MultiOptimWrapperConstructor',
        generator=wrapper,
        discriminator=wrapper,
    )


def growth(*losses: str, iters: int = 1) -> list[dict]:
    """A schedule whose iterations, 4 * iters, see all steps and a fade-in.

    With iters of 1: step 1, step 2, step 3 with alpha 0 and with alpha 1/2.
    """
    weights = dict.fromkeys(losses, 1.0)
    last = dict(iters=2 * iters, fade_iters=2 * iters)
    return [
        dict(size=32, iters=iters, loss_weights=weights),
        dict(size=64, iters=iters, loss_weights=weights),
        dict(size=128, loss_weights=weights, **last),
    ]


CASES = dict(
    dic=dict(
        model=dict(type='DICRestorer', generator=DIC, **LOSSES),
        optim_wrapper=ADAM,
        sides=(8, 64),
    ),
    dic_gan=dict(
        model=dict(
            type='DICGANRestorer',
            generator=DIC,
            discriminator=dict(type='DICDiscriminator'),
            gan_loss=dict(type='GANLoss', loss_weight=0.005, **VANILLA),
            **LOSSES,
        ),
        optim_wrapper=both(ADAM),
        joint_sides=(8, 64),
        wrapper=SEPARATE,
        sides=(16, 128),
    ),
    sparnet=dict(
        model=dict(
            type='BaseEditModel',
            generator=SPARNET,
            pixel_loss=dict(type='L1Loss', loss_weight=1.0),
            data_preprocessor=dict(
                type='DataPreprocessor', mean=[127.5] * 3, std=[127.5] * 3
            ),
        ),
        optim_wrapper=SGD,
        joint_optim=ADAM,  # gradients are small without statistics
        sides=(40, 40),
    ),
    sparnet_hd=dict(
        model=dict(
            type='FaceGANRestorer',
            generator=dict(norm_type='in', spectral_norm=True, **SPARNET),
            discriminator=dict(
                type='SPARNetDiscriminator',
                base_ch=4,
                max_ch=8,
                num_scales=2,
            ),
            pixel_loss=dict(type='L1Loss', loss_weight=100.0),
            feature_matching_loss=dict(type='FeatureMatchingLoss'),
            gan_loss=dict(type='MultiScaleGANLoss', gan_type='hinge'),
            data_preprocessor=dict(
                type='DataPreprocessor', mean=[127.5] * 3, std=[127.5] * 3
            ),
        ),
        optim_wrapper=both(SGD),
        joint_optim=both(SLOW_ADAM),  # SGD's rate amplifies 1e-16 to 1
        wrapper=SEPARATE,
        sides=(72, 72),
    ),
    pfsrnet=dict(
        model=dict(
            discriminator=dict(type='PFSRNetDiscriminator', mid_channels=32),
            gan_loss=dict(type='GANLoss', gan_type='wgan', loss_weight=1.0),
            drift_loss=dict(type='DiscShiftLoss', loss_weight=0.001),
            penalty_weight=10.0,
            schedule=growth('pixel', 'gan', 'attention'),
            **GROWING,
        ),
        # Each rank draws places of its own for the gradient penalty, on equal
        # batches too: two ranks look at two places where one process looks
        # at one. Without it their sum has to be what one process gets; that
        # its gradients reach all ranks is seen on batches of their own.
        same=dict(penalty_weight=0.0),
        joint=dict(schedule=growth('pixel', 'gan', 'attention', iters=5)),
        optim_wrapper=both(ADAM),
        wrapper=PARTLY_USED,
        sides=(16, 128),
        iterations=4,
    ),
    pfsrnet_pixel=dict(
        model=dict(schedule=growth('pixel', 'attention'), **GROWING),
        joint=dict(schedule=growth('pixel', 'attention', iters=5)),
        optim_wrapper=dict(
            constructor='MultiOptimWrapperConstructor', generator=ADAM
        ),
        wrapper=PARTLY_USED,
        sides=(16, 128),
        iterations=4,
    ),
    distilled_fan=dict(
        model=dict(
            type='HeatmapRegressor',
            generator=dict(type='DistilledFANHead', mid_channels=16),
            pixel_loss=dict(type='ForegroundMSELoss', foreground_weight=50.0),
            data_preprocessor=dict(
                type='DataPreprocessor', mean=[0] * 3, std=[255] * 3
            ),
        ),
        optim_wrapper=ADAM,
        sides=(32, 128),  # heatmaps are a quarter of the latter
    ),
    elsface=dict(
        model=dict(
            type='FaceRestorer',
            generator=dict(
                type='ELSFaceNet',
                lr_size=16,
                mid_channels=8,
                num_heads=2,
                window_size=4,
            ),
            pixel_loss=dict(type='L1Loss', loss_weight=1.0),
            extra_losses=dict(sharp=dict(type='SharpLoss', loss_weight=0.05)),
            data_preprocessor=dict(
                type='DataPreprocessor', mean=[0] * 3, std=[255] * 3
            ),
        ),
        optim_wrapper=ADAM,
        sides=(16, 64),
    ),
    wfen=dict(
        model=dict(
            type='BaseEditModel',
            generator=dict(type='WFEN', mid_channels=8, num_blocks=1),
            pixel_loss=dict(type='L1Loss', loss_weight=1.0),
            data_preprocessor=dict(
                type='DataPreprocessor', mean=[127.5] * 3, std=[127.5] * 3
            ),
        ),
        optim_wrapper=ADAM,
        sides=(32, 32),
    ),
    sfmnet=dict(
        model=dict(type='SFMNetRestorer', **SFMNET),
        optim_wrapper=SLOW_ADAM,
        # The phase of a weak bin turns fast: at 1e-4 an iteration makes a
        # difference tens of times as large, also that of 1e-16 in one weight.
        joint_optim=SLOWEST_ADAM,
        sides=(32, 32),
    ),
    sfmnet_gan=dict(
        model=dict(
            type='SFMGANRestorer',
            discriminator=dict(type='SFMNetDiscriminator'),
            gan_loss=dict(type='GANLoss', loss_weight=0.0005, **VANILLA),
            spectrum_gan_loss=dict(type='GANLoss', loss_weight=0.1, **VANILLA),
            **SFMNET,
        ),
        optim_wrapper=both(SLOW_ADAM),
        joint_optim=both(SLOWEST_ADAM),
        joint_sides=(32, 32),
        wrapper=SEPARATE,
        sides=(128, 128),
    ),
)
"""Method -> `model` and `optim_wrapper` as in a config, `sides` of input and
HR image, `wrapper` of the processes, and what another kind of run changes."""
