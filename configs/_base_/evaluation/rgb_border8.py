"""PSNR, SSIM and MAE in RGB, 8 pixels off each side, not rounded.

The protocol of every x8 config: [0, 255], the prediction clamped and left
in floating point, one value an image, plain mean over the images. The best
checkpoint is chosen on the split `val`; the split `test` is never looked at in
training.
"""

protocol = dict(
    color='RGB',
    crop_border=8,
    rounding='none',
    ssim='gaussian 11x11, sigma 1.5',
    mae='0..255',
)
val_evaluator = [
    dict(type='PSNR', crop_border=8),
    dict(type='SSIM', crop_border=8),
    dict(type='BorderMAE', crop_border=8),
]
test_evaluator = val_evaluator
val_cfg = dict(type='MultiValLoop')
test_cfg = dict(type='MultiTestLoop')
