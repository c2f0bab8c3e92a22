"""LR = HR / 4 by PyTorch's bicubic with antialias (rounded to 8 bit)."""

scale = 4
degradation = [
    dict(
        type='ReduceImage',
        keys=['gt'],
        output_keys=['img'],
        scale=1 / scale,
        kernel='torch_antialias',
    )
]
