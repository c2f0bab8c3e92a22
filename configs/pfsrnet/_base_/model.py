"""PFSRNet, 16x16 to 128x128 in three steps: networks, losses, preprocessor.

What each step is trained by is that of the published training.
"""

_base_ = []

from mmfacesr.models.pfsrnet import facts as pfsrnet

model = dict(
    type='ProgressiveRestorer',
    # Each step begins with the output of the one before and fades its own in:
    # alpha goes from 0 to 1 over `fade_iters`.
    schedule=[
        dict(
            size=32,
            iters=50_000,
            loss_weights=dict(pixel=10, feature=1e-2, gan=1),
        ),
        dict(
            size=64,
            iters=50_000,
            fade_iters=25_000,
            loss_weights=dict(
                pixel=10, feature=1e-2, gan=1, attention=500, heatmap=50
            ),
        ),
        dict(
            size=128,
            iters=100_000,
            fade_iters=25_000,
            loss_weights=dict(
                pixel=10, feature=1e-3, gan=1e-1, attention=50, heatmap=50
            ),
        ),
    ],
    generator=dict(type='PFSRNet'),
    discriminator=dict(type='PFSRNetDiscriminator'),
    pixel_loss=dict(type='L1Loss', loss_weight=1.0, reduction='mean'),
    # Built at its first use. Where its weights cannot be had, train without:
    # --cfg-options model.feature_loss.loss_weight=0
    feature_loss=dict(
        type='VGGFeatureLoss',
        network='vgg16',
        layers=[3, 8, 15, 22],  # relu1_2, relu2_2, relu3_3 and relu4_3
        criterion='mse',
        imagenet_norm=False,
    ),
    gan_loss=dict(type='GANLoss', gan_type='wgan', loss_weight=1.0),
    drift_loss=dict(type='DiscShiftLoss', loss_weight=0.001),
    penalty_weight=10.0,
    landmark_guidance=dict(
        head=dict(type='DistilledFANHead'),
        pretrained=None,  # None: attention is drawn from the landmark table
        attention_loss=dict(type='FacialAttentionLoss'),
        heatmap_loss=dict(type='HeatmapLoss'),
    ),
    data_preprocessor=dict(
        type='DataPreprocessor',
        mean=pfsrnet.X8.mean,
        std=pfsrnet.X8.std,
        data_keys=['gt_img', 'gt_x4', 'gt_x2'],  # the target of each step
    ),
)
