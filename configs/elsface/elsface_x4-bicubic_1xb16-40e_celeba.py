"""ELSFace x4 on CelebA with the LR image of the field: Pillow bicubic.

For comparison with methods whose LR is reduced with antialiasing; otherwise
as elsface_x4_1xb16-40e_celeba.py.

Train:  tools/dist_train.sh configs/elsface/elsface_x4-bicubic_1xb16-40e_celeba.py 1
Test:   tools/test.py configs/elsface/elsface_x4-bicubic_1xb16-40e_celeba.py CHECKPOINT
Data:   prepared by tools/dataset_converters/celeba, or any folder of faces
Needs:  1 GPU of 8 GB (2 GB of activations at batch 16)
Result: README.md beside this file
"""

_base_ = './elsface_x4_1xb16-40e_celeba.py'

from mmfacesr.models.elsface import facts as elsface

facts = dict(lr_recipe='bicubic_x4')

degradation = [{**_base_.degradation[0], 'backend': 'pillow'}]
pipeline = [
    *_base_.load_face,
    *degradation,
    dict(type='PackInputs'),
]
train_dataloader = dict(dataset=dict(pipeline=pipeline))
val_dataloader = dict(dataset=dict(pipeline=pipeline))
test_dataloader = dict(dataset=dict(pipeline=pipeline))
inference_pipeline = [
    *_base_.load_face[:-1],
    dict(type='ResizeFace', size=elsface.X4.lr_size),
    dict(type='TakeAsInput'),
    dict(type='PackInputs'),
]
