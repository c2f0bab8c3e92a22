"""RGB with border 8, and in tests also DIC's own protocol.

`dic/PSNR` and `dic/SSIM`: luma, rounded to 8 bit, 8 pixels off each side.
"""

_base_ = '../../_base_/evaluation/rgb_border8.py'

test_evaluator = [
    *_base_.val_evaluator,
    dict(type='PaperProtocol', protocol='dic'),
]
