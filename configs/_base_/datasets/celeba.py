"""CelebA, aligned or cropped by boxes, prepared by tools/dataset_converters/celeba."""

_base_ = './face_folder.py'

import os

data_root = os.environ.get('DATA_ROOT') or 'data/celeba'

train_dataloader = dict(dataset=dict(data_root=data_root))
val_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = dict(dataset=dict(data_root=data_root))
