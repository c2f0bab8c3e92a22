"""LR = HR / 8 by PyTorch's bicubic with antialias (rounded to 8 bit)."""

_base_ = './matlab_bicubic_x8.py'

degradation = [{**_base_.degradation[0], 'kernel': 'torch_antialias'}]
