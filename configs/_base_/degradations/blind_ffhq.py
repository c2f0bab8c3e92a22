"""Blind restoration at 512 pixels: SPARNetHD's degradation as released.

Input and ground truth have one size. Gray at times, blurred at times, shrunk
to 32 to 127 pixels, noisy at times, JPEG mostly, enlarged again. The ranges
are the defaults of `mmfacesr/datasets/blind_recipe.py`. The paper (arXiv
2012.01211) prints weaker ones; those here made the released weights.
"""

degradation = [dict(type='DegradeBlindly')]
# For validation and test: each file is degraded alike every time.
fixed_degradation = [dict(type='DegradeBlindly', seed=0)]
