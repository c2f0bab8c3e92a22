"""CelebA, aligned or cropped by boxes, prepared by tools/dataset_converters/celeba."""

_base_ = './face_folder.py'

data_root = '{{$DATA_ROOT:data/celeba}}'

train_dataloader = dict(dataset=dict(data_root=data_root))
val_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = dict(dataset=dict(data_root=data_root))
