"""LR = HR / 4 by means of pixels (OpenCV's area interpolation, 8 bit)."""

scale = 4
degradation = [
    dict(
        type='Resize',
        keys=['gt'],
        output_keys=['img'],
        scale=1 / scale,
        keep_ratio=True,
        interpolation='area',
        backend='cv2',
    )
]
