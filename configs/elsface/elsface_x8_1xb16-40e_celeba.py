"""ELSFace x8 on CelebA, 16x16 to 128x128, as the other methods.

The authors' own x8 goes from 32x32 to 256x256; see README.md.

Train:  tools/dist_train.sh configs/elsface/elsface_x8_1xb16-40e_celeba.py 1
Test:   tools/test.py configs/elsface/elsface_x8_1xb16-40e_celeba.py CHECKPOINT
Data:   prepared by tools/dataset_converters/celeba, or any folder of faces
Needs:  1 GPU of 8 GB (2 GB of activations at batch 16)
Result: README.md beside this file
"""

_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/datasets/celeba.py',
    './_base_/x8_model.py',
    './_base_/x8_pipelines.py',
    './_base_/x8_evaluation.py',
    './_base_/schedule_40e.py',
]

from mmfacesr.models.elsface import facts as elsface

facts = elsface.X8.to_dict()

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
