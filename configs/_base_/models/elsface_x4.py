"""ELSFace, 32x32 to 128x128, LR by OpenCV cubic as in the released code."""

_base_ = ['./elsface.py', '../degradations/opencv_cubic_x4.py']

pipeline = [
    *_base_.load_face,
    *_base_.degradation,
    dict(type='PackInputs'),
]
# A 32x32 file stays as it is.
inference_pipeline = [
    *_base_.load_input,
    dict(
        type='Resize',
        keys=['gt'],
        scale=(32, 32),
        keep_ratio=False,
        interpolation='bicubic',
        backend='cv2',
    ),
    dict(type='TakeAsInput'),
    dict(type='PackInputs'),
]
