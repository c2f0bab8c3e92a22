"""Helen, prepared by tools/dataset_converters/helen."""

_base_ = './face_folder.py'

data_root = '{{$DATA_ROOT:data/helen}}'

train_dataloader = dict(dataset=dict(data_root=data_root))
val_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = dict(dataset=dict(data_root=data_root))
