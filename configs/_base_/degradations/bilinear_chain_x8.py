"""LR = HR / 8 by three halvings, each by Pillow bilinear (antialiased, 8 bit).

`gt` (128) -> `gt_x4` (64) -> `gt_x2` (32) -> `img` (16): the targets of the
smaller scales and the input. Reduced directly, the input would differ. The
sample ends in `pack_inputs`, and the preprocessor takes `data_keys`.
"""

scale = 8
gt_size = 128
halving = dict(
    type='Resize',
    scale=0.5,
    keep_ratio=True,
    interpolation='bilinear',
    backend='pillow',
)
degradation = [
    dict(halving, keys=['gt'], output_keys=['gt_x4']),
    dict(halving, keys=['gt_x4'], output_keys=['gt_x2']),
    dict(halving, keys=['gt_x2'], output_keys=['img']),
]
# Without its channel order an image is taken for BGR.
pack_inputs = dict(
    type='PackInputs',
    data_keys=['gt_x4', 'gt_x2'],
    meta_keys=['gt_x4_channel_order', 'gt_x2_channel_order'],
)
data_keys = ['gt_img', 'gt_x4', 'gt_x2']
