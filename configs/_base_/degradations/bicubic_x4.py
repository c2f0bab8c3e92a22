"""LR = HR / 4 by Pillow bicubic (antialiased, 8 bit)."""

scale = 4
degradation = [
    dict(
        type='Resize',
        keys=['gt'],
        output_keys=['img'],
        scale=1 / scale,
        keep_ratio=True,
        interpolation='bicubic',
        backend='pillow',
    )
]
