"""Any folder of faces: `DATA_ROOT=folder` or `--cfg-options data_root=folder`.

`train.txt`, `val.txt` and `test.txt` or folders of these names split it; a
folder without them is split by its file names. See
tools/dataset_converters/README.md.
"""

# First, or else mmengine takes the file for a config of its lazy kind.
_base_ = []

import os

# Settings that `tools/*.py --cfg-options NAME=VALUE` reach.
data_root = os.environ.get('DATA_ROOT') or 'data/faces'
landmark_table = 'landmarks68.npz'  # relative to data_root, or absolute
crop_size = 'auto'  # side of the central square; 'auto': from dataset.json
lr_folder = None  # folder of LR files of your own, in place of the degradation
cache_folder = None  # folder for faces that were read and reduced once

train_dataloader = dict(
    batch_size=8,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='SeededInfiniteSampler', shuffle=True),
    dataset=dict(
        type='FaceFolder',
        data_root=data_root,
        split='train',
        landmark_table=landmark_table,
        crop_size=crop_size,
        lr_folder=lr_folder,
        cache_folder=cache_folder,
    ),
)
val_dataloader = dict(
    batch_size=8,
    num_workers=2,
    persistent_workers=False,
    drop_last=False,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='FaceFolder',
        data_root=data_root,
        split='val',
        landmark_table=landmark_table,
        crop_size=crop_size,
        lr_folder=lr_folder,
        cache_folder=cache_folder,
        test_mode=True,
    ),
)
test_dataloader = dict(
    batch_size=8,
    num_workers=2,
    persistent_workers=False,
    drop_last=False,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='FaceFolder',
        data_root=data_root,
        split='test',
        landmark_table=landmark_table,
        crop_size=crop_size,
        lr_folder=lr_folder,
        cache_folder=cache_folder,
        test_mode=True,
    ),
)
