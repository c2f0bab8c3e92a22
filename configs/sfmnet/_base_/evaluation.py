"""RGB with border 8, and in tests also SFMNet's own protocol.

`sfmnet/PSNR` and `sfmnet/SSIM`: luma, rounded to 8 bit, 8 pixels off each
side; SSIM with a uniform window of 7x7, not comparable with DIC's.
"""

_base_ = '../../_base_/evaluation/rgb_border8.py'

test_evaluator = [
    *_base_.val_evaluator,
    dict(type='PaperProtocol', protocol='sfmnet'),
]
