"""ELSFace x4 for a run on a CPU, on the synthetic faces or any folder.

The full network, losses and evaluation; few iterations at a higher rate than
the paper's.

Train:  tools/train.py configs/elsface/elsface_x4_1xb1-1750_synthetic.py
Test:   tools/test.py configs/elsface/elsface_x4_1xb1-1750_synthetic.py CHECKPOINT
Data:   tools/dataset_converters/synthetic_faces/render_faces.py
Needs:  a CPU with 2 cores, 3 GB, about 35 minutes
Result: README.md beside this file
"""

_base_ = [
    '../_base_/default_runtime.py',
    '../_base_/datasets/face_folder.py',
    './_base_/x4_model.py',
    './_base_/x4_pipelines.py',
    './_base_/x4_evaluation.py',
    './_base_/schedule_cpu.py',
]

from mmfacesr.models.elsface import facts as elsface

facts = elsface.X4.to_dict()

channels_last = True

train_dataloader = dict(
    batch_size=1,
    num_workers=1,
    dataset=dict(pipeline=_base_.flipped_pipeline),
)
val_dataloader = dict(num_workers=1, dataset=dict(pipeline=_base_.pipeline))
test_dataloader = dict(num_workers=1, dataset=dict(pipeline=_base_.pipeline))

default_hooks = dict(checkpoint=dict(interval=250), logger=dict(interval=20))
