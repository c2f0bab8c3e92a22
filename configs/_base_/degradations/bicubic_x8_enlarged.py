"""LR = HR / 8 and back to the size of HR, each by Pillow bicubic in 8 bit."""

_base_ = './bicubic_x8.py'

gt_size = 128
degradation = [
    *_base_.degradation,
    dict(
        type='Resize',
        keys=['img'],
        scale=(gt_size, gt_size),
        keep_ratio=False,
        interpolation='bicubic',
        backend='pillow',
    ),
]
