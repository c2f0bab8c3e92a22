"""DICGAN x8 on Helen, fine-tuned from DIC as in the released training code.

Train:  tools/dist_train.sh configs/dic/dic_gan-x8c48b6_1xb8-100k_helen.py 1
Test:   tools/test.py configs/dic/dic_gan-x8c48b6_1xb8-100k_helen.py CHECKPOINT
Data:   converted by tools/dataset_converters/helen, landmarks by
        tools/dataset_converters/extract_landmarks.py
Needs:  1 GPU of 24 GB (16 GB of activations at batch 8)
Result: published figures and what is known of them: README.md beside this file
"""

_base_ = './dic_gan-x8c48b6_1xb8-80k_celeba.py'

import os

# Starts from the best DIC checkpoint, whose hourglass stays as it is:
# --cfg-options load_from=work_dirs/dic_x8c48b6_1xb8-150k_helen/best_PSNR_iter_N.pth

model = dict(pixel_loss=dict(loss_weight=2.0))

data_root = os.environ.get('DATA_ROOT') or 'data/helen'
train_dataloader = dict(
    dataset=dict(data_root=data_root, pipeline=_base_.helen_train_pipeline)
)
val_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = dict(dataset=dict(data_root=data_root))

train_cfg = dict(max_iters=100_000, val_interval=2000)
default_hooks = dict(checkpoint=dict(interval=2000))
