"""As `enlarged_x8.py`; in training LR faces come in any of the usual ways.

Reduced by Pillow bicubic in most cases; else by three halvings of
Pillow bilinear, by OpenCV's cubic interpolation without antialias, or blurred,
noisy and compressed. Ours, of no paper.
"""

_base_ = './enlarged_x8.py'

gt_size = _base_.gt_size
lr_size = gt_size // _base_.scale
by_pillow = dict(
    type='Resize',
    keys=['gt'],
    output_keys=['img'],
    scale=1 / _base_.scale,
    keep_ratio=True,
    interpolation='bicubic',
    backend='pillow',
)
halve = dict(by_pillow, scale=1 / 2, interpolation='bilinear')
# The ranges of `degradations/blind_x8.py`, seldom gray.
blind_ranges = dict(
    gray_prob=0.1,
    gaussian_sigma=(0.75, 3.75),
    window_size=(2, 4),
    motion_size=(3, 7),
    small_size=(lr_size, lr_size),
    noise_std=(0.0, 10.0),
    jpeg_compression=(5, 30),
)
reduce_anyhow = dict(
    type='RandomChoice',
    prob=[0.55, 0.1, 0.15, 0.2],
    transforms=[
        [by_pillow],
        [halve, dict(halve, keys=['img']), dict(halve, keys=['img'])],
        [dict(by_pillow, backend='cv2')],
        [
            dict(
                type='DegradeBlindly',
                ranges=blind_ranges,
                output_size=lr_size,
            )
        ],
    ],
)
enlarge = _base_.degradation[-1]
