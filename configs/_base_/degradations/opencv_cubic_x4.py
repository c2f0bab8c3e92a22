"""LR = HR / 4 by OpenCV's cubic interpolation (no antialias, 8 bit)."""

scale = 4
degradation = [
    dict(
        type='Resize',
        keys=['gt'],
        output_keys=['img'],
        scale=1 / scale,
        keep_ratio=True,
        interpolation='bicubic',
        backend='cv2',
    )
]
