"""PSNR, SSIM and MAE in RGB, 4 pixels off each side, not rounded.

The protocol of every x4 config: `rgb_border8.py` but for the border, which is
as wide as the scale.
"""

_base_ = './rgb_border8.py'

protocol = dict(crop_border=4)
val_evaluator = [
    dict(metric, crop_border=4) for metric in _base_.val_evaluator
]
test_evaluator = val_evaluator
