"""Blind x8: LR of 16 pixels from faces of 128. Ours, of no paper.

The steps and probabilities are those of `blind_ffhq.py`. Blurs are a quarter
as wide, because the face is. Noise and JPEG are weaker: they strike the 16x16
pixels of the LR image, each of which holds more of the face.
"""

scale = 8
gt_size = 128
blind_ranges = dict(
    gaussian_sigma=(0.75, 3.75),  # (3, 15) / 4
    window_size=(2, 4),  # 3 / 4 and 15 / 4, at least 2
    motion_size=(3, 7),  # 5 / 4 and 25 / 4, odd, at least 3
    small_size=(gt_size // scale, gt_size // scale),
    noise_std=(0.0, 10.0),
    jpeg_compression=(5, 30),  # Pillow's quality 95 to 71
)
degradation = [
    dict(
        type='DegradeBlindly',
        ranges=blind_ranges,
        output_size=gt_size // scale,
    )
]
# For validation and test: each file is degraded alike every time.
fixed_degradation = [
    dict(
        type='DegradeBlindly',
        ranges=blind_ranges,
        output_size=gt_size // scale,
        seed=0,
    )
]
