"""CelebA-HQ, prepared by tools/dataset_converters/celeba_hq."""

_base_ = './face_folder.py'

import os

data_root = os.environ.get('DATA_ROOT') or 'data/celeba-hq'

train_dataloader = dict(dataset=dict(data_root=data_root))
val_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = dict(dataset=dict(data_root=data_root))
