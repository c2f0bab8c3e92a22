"""LR = HR / 4 by MATLAB's imresize, bicubic (antialiased, 8 bit)."""

scale = 4
degradation = [
    dict(
        type='ReduceImage',
        keys=['gt'],
        output_keys=['img'],
        scale=1 / scale,
        kernel='matlab_bicubic',
    )
]
