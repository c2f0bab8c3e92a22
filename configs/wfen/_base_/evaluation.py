"""RGB with border 8, and in tests also WFEN's own protocol.

`wfen/PSNR` and `wfen/SSIM`: luma of 8 bit, everything truncated and not
rounded, the whole image.
"""

_base_ = '../../_base_/evaluation/rgb_border8.py'

test_evaluator = [
    *_base_.val_evaluator,
    dict(type='PaperProtocol', protocol='wfen'),
]
