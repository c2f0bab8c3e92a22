"""RGB with border 8; in tests LPIPS and FID on request.

For restoration at 512 pixels, where a method invents texture: PSNR, SSIM and
MAE say how near the image is, LPIPS and FID how much it looks like a face.
The two read network weights by URL, so that they are off until asked for; see
docs/metrics.md, also for those that a paper took in its own way.
"""

_base_ = './rgb_border8.py'

# Settings that `tools/test.py --cfg-options NAME=VALUE` reaches.
lpips = False  # True, 'alex', 'vgg', 'squeeze' or a list of these
fid_reference = None  # 'gt', a folder of images or a list of these
