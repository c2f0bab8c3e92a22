"""ELSFace x4 on CelebA, the recipe of the paper's released training code.

Train:  tools/dist_train.sh configs/elsface/elsface_x4_1xb16-40e_celeba.py 1
Test:   tools/test.py configs/elsface/elsface_x4_1xb16-40e_celeba.py CHECKPOINT
Data:   prepared by tools/dataset_converters/celeba, or any folder of faces
Needs:  1 GPU of 8 GB (2 GB of activations at batch 16)
Result: README.md beside this file
"""

_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/datasets/celeba.py',
    './_base_/x4_model.py',
    './_base_/x4_pipelines.py',
    './_base_/x4_evaluation.py',
    './_base_/schedule_40e.py',
]

from mmfacesr.models.elsface import facts as elsface

facts = elsface.X4.to_dict()

train_dataloader = dict(
    batch_size=16,
    drop_last=True,
    sampler=dict(type='SeededSampler', shuffle=True),
    dataset=dict(pipeline=_base_.pipeline),
)
val_dataloader = dict(dataset=dict(pipeline=_base_.pipeline))
test_dataloader = dict(dataset=dict(pipeline=_base_.pipeline))

log_processor = dict(by_epoch=True)
default_hooks = dict(checkpoint=dict(by_epoch=True, interval=1))
