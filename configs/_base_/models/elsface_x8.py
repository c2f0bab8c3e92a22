"""ELSFace, 16x16 to 128x128, LR by OpenCV cubic.

Features are enlarged four times before the two streams, so that these work on
64x64 as those of the released x4 network do, with the same tail. The other
way: upscale_factor=8, tail_factor=4 (32x32, a quarter of the computation).
"""

_base_ = ['./elsface.py', '../degradations/opencv_cubic_x8.py']

model = dict(generator=dict(upscale_factor=8, tail_factor=2, lr_size=16))

pipeline = [
    *_base_.load_face,
    *_base_.degradation,
    dict(type='PackInputs'),
]
# A 16x16 file stays as it is.
inference_pipeline = [
    *_base_.load_input,
    dict(
        type='Resize',
        keys=['gt'],
        scale=(16, 16),
        keep_ratio=False,
        interpolation='bicubic',
        backend='cv2',
    ),
    dict(type='TakeAsInput'),
    dict(type='PackInputs'),
]
