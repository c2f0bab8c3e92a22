"""LR = HR / 8 by means of pixels (OpenCV's area interpolation, 8 bit)."""

_base_ = './bicubic_x8.py'

degradation = [
    {**_base_.degradation[0], 'interpolation': 'area', 'backend': 'cv2'}
]
