"""LR = HR / 4 by two halvings, each by Pillow bilinear (antialiased, 8 bit).

`gt` (128) -> `gt_x2` (64) -> `img` (32). Reduced directly, the input would
differ.
"""

scale = 4
halving = dict(
    type='Resize',
    scale=0.5,
    keep_ratio=True,
    interpolation='bilinear',
    backend='pillow',
)
degradation = [
    dict(halving, keys=['gt'], output_keys=['gt_x2']),
    dict(halving, keys=['gt_x2'], output_keys=['img']),
]
