"""SPARNetHD, 512x512 to 512x512: networks, losses and preprocessor.

The losses are weighted as in the released training.
"""

_base_ = []

from mmfacesr.models.sparnet import facts as sparnet

model = dict(
    type='FaceGANRestorer',
    generator=dict(
        type='SPARNet',
        min_ch=32,
        max_ch=512,
        in_size=sparnet.HD.input_size,
        out_size=sparnet.HD.gt_size,
        min_feat_size=32,
        res_depth=10,
        att_name='spar',
        norm_type='in',
        relu_type='leakyrelu',
        bottleneck_size=4,
        spectral_norm=True,
        with_cp=False,  # True: much less memory, more time; see README.md
    ),
    discriminator=dict(type='SPARNetDiscriminator', num_scales=3),
    pixel_loss=dict(type='L1Loss', loss_weight=100.0, reduction='mean'),
    # Built at its first use. Where its weights cannot be had, train without:
    # --cfg-options model.feature_loss.loss_weight=0
    feature_loss=dict(
        type='VGGFeatureLoss',
        network='vgg19',
        # relu1_2, relu2_2, relu3_4, relu4_4 and conv5_4, before its ReLU
        layers=[3, 8, 17, 26, 34],
        criterion='l1',
        min_width=224,
        loss_weight=1.0,
    ),
    feature_matching_loss=dict(type='FeatureMatchingLoss', loss_weight=10.0),
    gan_loss=dict(type='MultiScaleGANLoss', gan_type='hinge', loss_weight=1.0),
    data_preprocessor=dict(
        type='DataPreprocessor', mean=sparnet.HD.mean, std=sparnet.HD.std
    ),
)
