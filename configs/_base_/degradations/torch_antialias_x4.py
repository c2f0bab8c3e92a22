"""LR = HR / 4 by PyTorch's bicubic with antialias (rounded to 8 bit)."""

_base_ = './matlab_bicubic_x4.py'

degradation = [{**_base_.degradation[0], 'kernel': 'torch_antialias'}]
