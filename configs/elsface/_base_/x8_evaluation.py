"""RGB with border 8, and in tests also ELSFace's own protocol.

`elsface/PSNR`, `elsface/SSIM` and `elsface/MAE`: 8-bit RGB, the prediction
through a JPEG, the whole image, SSIM with a uniform 51x51 window. The LPIPS
and FID of its paper are there on request, as `elsface`; they read network
weights by URL, see docs/metrics.md.
"""

_base_ = '../../_base_/evaluation/rgb_border8.py'

# Settings that `tools/test.py --cfg-options NAME=VALUE` reaches.
lpips = False  # True, 'alex', 'vgg', 'squeeze', 'elsface' or a list of these
fid_reference = None  # 'gt', 'elsface', a folder of images or a list of these

test_evaluator = [
    *_base_.val_evaluator,
    dict(type='PaperProtocol', protocol='elsface'),
]
