"""PFSRNet x8 on CelebA without discriminator and feature loss.

Pixel, facial attention and heatmap loss alone, weighted as in the full
training; smoother faces, and no discriminator to compute.

Train:  tools/dist_train.sh configs/pfsrnet/pfsrnet_pixel-x8_1xb16-200k_celeba.py 1
        --cfg-options model.landmark_guidance.pretrained=HEAD_CHECKPOINT
Test:   tools/test.py configs/pfsrnet/pfsrnet_pixel-x8_1xb16-200k_celeba.py CHECKPOINT
Data:   aligned, 178x218, by tools/dataset_converters/celeba
Needs:  1 GPU of 8 GB
Result: README.md beside this file
"""

_base_ = './pfsrnet_x8_1xb16-200k_celeba.py'

model = dict(
    discriminator=None,
    gan_loss=None,
    feature_loss=None,
    drift_loss=None,
    schedule=[
        dict(size=32, iters=50_000, loss_weights=dict(pixel=10)),
        dict(
            size=64,
            iters=50_000,
            fade_iters=25_000,
            loss_weights=dict(pixel=10, attention=500, heatmap=50),
        ),
        dict(
            size=128,
            iters=100_000,
            fade_iters=25_000,
            loss_weights=dict(pixel=10, attention=50, heatmap=50),
        ),
    ],
)
optim_wrapper = dict(
    _delete_=True,
    constructor='MultiOptimWrapperConstructor',
    generator=dict(type='OptimWrapper', optimizer=_base_.adam),
)
