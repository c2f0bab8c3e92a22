"""A narrow ELSFace x8 for a short run on a CPU, on the synthetic faces.

Half the width and the cheaper tail, more steps in the same time; losses and
evaluation as ever. `make quickstart` trains it.

Train:  tools/train.py configs/elsface/elsface-small_x8c30_1xb1-2500_synthetic.py
Test:   tools/test.py configs/elsface/elsface-small_x8c30_1xb1-2500_synthetic.py CHECKPOINT
Data:   tools/dataset_converters/synthetic_faces/render_faces.py
Needs:  a CPU with 2 cores, 3 GB, about 7 minutes
Result: README.md beside this file
"""

_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/datasets/face_folder.py',
    './_base_/x8_model.py',
    './_base_/x8_pipelines.py',
    './_base_/x8_evaluation.py',
    './_base_/schedule_cpu.py',
]

from mmfacesr.models.elsface import facts as elsface

facts = elsface.X8.to_dict()

channels_last = True
model = dict(generator=dict(mid_channels=30, tail_factor=4))

train_dataloader = dict(
    batch_size=1,
    num_workers=1,
    dataset=dict(pipeline=_base_.flipped_pipeline),
)
val_dataloader = dict(num_workers=1, dataset=dict(pipeline=_base_.pipeline))
test_dataloader = dict(num_workers=1, dataset=dict(pipeline=_base_.pipeline))

iters = 2500
train_cfg = dict(max_iters=iters, val_interval=500)
optim_wrapper = dict(optimizer=dict(lr=6e-4))
param_scheduler = [
    _base_.param_scheduler[0],
    {**_base_.param_scheduler[1], 'end': iters},
]
default_hooks = dict(checkpoint=dict(interval=250), logger=dict(interval=50))
