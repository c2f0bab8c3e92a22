"""RGB with border 8, and in tests also MS-SSIM and PFSRNet's own protocol.

`pfsrnet/PSNR`, `pfsrnet/SSIM` and `pfsrnet/MS-SSIM`: RGB, neither clamped nor
rounded, the whole image, pooled over batches of 16 images.
"""

_base_ = '../../_base_/evaluation/rgb_border8.py'

protocol = dict(ms_ssim='5 levels, otherwise as ssim')
test_evaluator = [
    *_base_.val_evaluator,
    dict(type='MSSSIM', crop_border=8),
    dict(type='PaperProtocol', protocol='pfsrnet'),
]
