"""FFHQ, prepared by tools/dataset_converters/ffhq."""

_base_ = './face_folder.py'

import os

data_root = os.environ.get('DATA_ROOT') or 'data/ffhq/images1024x1024'

train_dataloader = dict(dataset=dict(data_root=data_root))
val_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = dict(dataset=dict(data_root=data_root))
